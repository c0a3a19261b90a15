"""SQL of fraud_policies, and of fraud_head, whose revision grows with every change.

Definitions never change: a number names one policy for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row

from domain.fraud.policy import PolicyState
from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class FraudHead:
    """What every process follows; without a live number the settings' policy judges."""

    revision: int
    live_number: int | None


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """One row; `definition` is JSON, as a program wrote it that may be newer than this one."""

    number: int
    state: PolicyState
    definition: Any
    note: str
    created_by: str
    created_at: datetime
    live_from: datetime | None
    live_until: datetime | None


_COLUMNS = "policy_no, state, definition, note, created_by, created_at, live_from, live_until"


def read_head(connection: Connection) -> FraudHead:
    """Return the head as it is now."""
    row = connection.execute(
        sql("SELECT revision, live_policy_no FROM fraud_head WHERE head_id = 1")
    ).one_or_none()
    return FraudHead(row.revision, row.live_policy_no) if row else FraudHead(0, None)


def raise_revision(connection: Connection) -> None:
    """Let every process read policies, baselines and models again.

    Changes wait for each other here until the transaction ends.
    """
    connection.execute(
        sql(
            "INSERT INTO fraud_head (head_id, revision) VALUES (1, 1)"
            " ON CONFLICT (head_id) DO UPDATE SET revision = fraud_head.revision + 1"
        )
    )


def set_live_number(connection: Connection, *, number: int | None) -> None:
    """Name the policy that judges from now on; the caller has raised the revision."""
    connection.execute(
        sql("UPDATE fraud_head SET live_policy_no = :number WHERE head_id = 1"),
        {"number": number},
    )


def insert_policy(
    connection: Connection, *, definition: Any, note: str, created_by: str
) -> StoredPolicy:
    """Insert a draft and return it."""
    row = connection.execute(
        sql(
            "INSERT INTO fraud_policies (state, definition, note, created_by)"
            f" VALUES ('{PolicyState.DRAFT}', CAST(:definition AS jsonb), :note, :created_by)"
            f" RETURNING {_COLUMNS}"
        ),
        {
            "definition": orjson.dumps(definition).decode(),
            "note": note,
            "created_by": created_by,
        },
    ).one()
    return _policy(row)


def set_policy_state(connection: Connection, *, number: int, state: PolicyState) -> None:
    """Give a policy this state; `live_from` and `live_until` follow."""
    connection.execute(
        sql(
            "UPDATE fraud_policies SET state = :state,"
            " live_until = CASE WHEN state = :live THEN now() END,"
            " live_from = CASE WHEN :state = :live THEN now() ELSE live_from END"
            " WHERE policy_no = :number"
        ),
        {"number": number, "state": state, "live": PolicyState.LIVE},
    )


def list_policies(connection: Connection) -> list[StoredPolicy]:
    """Return every policy, the newest first."""
    rows = connection.execute(sql(f"SELECT {_COLUMNS} FROM fraud_policies ORDER BY policy_no DESC"))
    return [_policy(row) for row in rows]


def find_policy(connection: Connection, *, number: int) -> StoredPolicy | None:
    """Return the policy with this number, or None."""
    row = connection.execute(
        sql(f"SELECT {_COLUMNS} FROM fraud_policies WHERE policy_no = :number"),
        {"number": number},
    ).one_or_none()
    return _policy(row) if row else None


def read_judging_policies(
    connection: Connection, *, live_number: int | None
) -> Sequence[StoredPolicy]:
    """Return the policy of this number, if any, and the shadow."""
    rows = connection.execute(
        sql(
            f"SELECT {_COLUMNS} FROM fraud_policies"
            f" WHERE policy_no = :number OR state = '{PolicyState.SHADOW}'"
        ),
        {"number": live_number},
    )
    return [_policy(row) for row in rows]


def _policy(row: Row[Any]) -> StoredPolicy:
    return StoredPolicy(
        row.policy_no,
        PolicyState(row.state),
        row.definition,
        row.note,
        row.created_by,
        row.created_at,
        row.live_from,
        row.live_until,
    )
