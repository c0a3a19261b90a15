"""SQL of cases: opened, claimed and closed. Lists of them are in `case_lists.py`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.stages import IS_HELD
from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class LockedCase:
    """A case whose row is locked until the transaction ends."""

    case_id: UUID
    user_id: UUID
    state: str
    claimed_by: str | None
    claimed_at: datetime | None


# In the order of the players, as scores are locked.
_OPEN = """
INSERT INTO moderation_cases (user_id, opened_at, last_signal_at)
SELECT u, statement_timestamp(), statement_timestamp()
FROM unnest(CAST(:users AS uuid[])) u ORDER BY u
ON CONFLICT (user_id) WHERE state = 'open'
DO UPDATE SET last_signal_at = excluded.last_signal_at
"""
_LOCK = "SELECT case_id, user_id, state, claimed_by, claimed_at FROM moderation_cases"


def open_cases(connection: Connection, *, user_ids: Iterable[str]) -> None:
    """Open a case of each player who has none, and note a new signal in those that are open."""
    users = sorted(set(user_ids))
    if users:
        connection.execute(sql(_OPEN), {"users": users})


def lock_case(connection: Connection, *, case_id: UUID) -> LockedCase | None:
    """Return this case, locked; None when there is no such case."""
    row = connection.execute(
        sql(f"{_LOCK} WHERE case_id = :case_id FOR NO KEY UPDATE"), {"case_id": case_id}
    ).one_or_none()
    return LockedCase(*row) if row else None


def lock_open_case(connection: Connection, *, user_id: UUID) -> LockedCase | None:
    """Return the player's open case, locked; None when there is none."""
    row = connection.execute(
        sql(f"{_LOCK} WHERE user_id = :user_id AND state = 'open' FOR NO KEY UPDATE"),
        {"user_id": user_id},
    ).one_or_none()
    return LockedCase(*row) if row else None


def write_claim(
    connection: Connection, *, case_id: UUID, by: str | None, at: datetime | None
) -> None:
    """Write who has claimed the case, whose lock is held; None ends the claim."""
    connection.execute(
        sql("UPDATE moderation_cases SET claimed_by = :by, claimed_at = :at WHERE case_id = :id"),
        {"id": case_id, "by": by, "at": at},
    )


def close(connection: Connection, *, case_id: UUID) -> None:
    """Close the case, whose lock is held."""
    connection.execute(
        sql(
            "UPDATE moderation_cases SET state = 'closed', closed_at = clock_timestamp()"
            " WHERE case_id = :case_id"
        ),
        {"case_id": case_id},
    )


def has_held_actions(connection: Connection, *, user_id: UUID) -> bool:
    """Return whether an action of the player is held.

    With the player's open case locked nothing adds one: *score* opens it first.
    """
    found: bool = connection.execute(
        sql(f"SELECT EXISTS (SELECT 1 FROM user_actions WHERE user_id = :user_id AND {IS_HELD})"),
        {"user_id": user_id},
    ).scalar_one()
    return found
