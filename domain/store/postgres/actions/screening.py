"""SQL of screening: a batch's candidates, what is known of them, and the verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.actions.chain import SCREEN
from domain.fraud.judging import ALL_PASSED
from domain.fraud.model import Screening
from domain.store.postgres.actions.batches import (
    IS_AT_STAGE,
    IS_FRESH,
    SET_STAGE,
    move_parameters,
)
from domain.store.postgres.actions.entries import ENTRY_COLUMNS, Verdicts
from domain.store.postgres.engine import LOCK_TIMEOUT_MS
from domain.store.postgres.fraud.play_facts import DURATION_MS, SESSION_ID
from domain.store.postgres.fraud.policies import FraudHead
from domain.store.postgres.statements import hot, sql


@dataclass(frozen=True, slots=True)
class Facts:
    """What else is known of the actions, in their order; an array is None when nothing is."""

    action_types: Sequence[str | None]
    client_nos: Sequence[int | None] | None
    session_ids: Sequence[str | None]
    durations_ms: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class ClaimedEntry:
    """A batch that *screen* has claimed: its actions, and what is known of some of them before.

    `columns` are the first fields of a `Candidate`, each for all actions.
    """

    created_at: datetime
    columns: tuple[Iterable[Any], ...]
    step_ups: Sequence[int] | None
    verdicts: Verdicts
    head: FraudHead
    facts: Facts | None


_FACTS = (
    "CASE WHEN :with_facts THEN action_types END, CASE WHEN :with_facts THEN client_nos END,"
    f" CASE WHEN :with_facts THEN ARRAY(SELECT {SESSION_ID} FROM unnest(metadata) m) END,"
    f" CASE WHEN :with_facts THEN ARRAY(SELECT {DURATION_MS} FROM unnest(metadata) m) END"
)
# The policy that is live now judges: the same statement reads the revision of what it says.
_CLAIM = hot(
    f"{SET_STAGE}, policy_no = (SELECT live_policy_no FROM fraud_head WHERE head_id = 1)"
    f" WHERE {IS_AT_STAGE} AND ({IS_FRESH} OR :stalled) RETURNING created_at,"
    f" CAST(extract(epoch FROM created_at) * 1000000 AS bigint), {ENTRY_COLUMNS},"
    " timestamps_us, CAST(verdicts AS text),"
    # Intake made both rows, so there should be none.
    " ARRAY(SELECT a.action_no FROM unnest(action_nos, action_ids) AS a(action_no, action_id)"
    "   LEFT JOIN action_ids i ON i.action_id = a.action_id"
    "   WHERE i.action_no IS DISTINCT FROM a.action_no),"
    " coalesce((SELECT revision FROM fraud_head WHERE head_id = 1), 0), policy_no,"
    " step_ups,"
    # Without a round trip, for the statements that follow.
    " set_config('lock_timeout', CAST(:lock_wait AS text), true),"
    f" {_FACTS}"
)


def claim_entry(
    connection: Connection,
    *,
    batch_id: UUID,
    stalled: bool,
    with_facts: bool,
    lock_wait_ms: int = LOCK_TIMEOUT_MS,
) -> ClaimedEntry | None:
    """Move a batch to SCREENED, lock it and return its actions; None when it is not its turn.

    Unless `stalled`, only a batch that the keeper has not found stalled. The statements after it
    wait up to `lock_wait_ms` for a lock.
    """
    parameters = {
        **move_parameters(batch_id, SCREEN),
        "stalled": stalled,
        "with_facts": with_facts,
        "lock_wait": str(lock_wait_ms),
    }
    row = _CLAIM.run(connection, parameters).fetchone()
    if row is None:
        return None
    created_at, created_us, numbers, ids, users, scores, timestamps_us, verdicts, *more = row
    strangers, revision, policy_no, step_ups, _, *facts = more
    holds_id = [number not in strangers for number in numbers] if strangers else repeat(True)
    return ClaimedEntry(
        created_at,
        (numbers, ids, users, scores, repeat(created_us), timestamps_us, holds_id),
        step_ups,
        orjson.loads(verdicts) if verdicts else {},
        FraudHead(revision, policy_no),
        Facts(*facts) if with_facts else None,
    )


_READ_FACTS = hot(f"SELECT {_FACTS} FROM action_batches WHERE batch_id = :batch_id")


def read_facts(connection: Connection, *, batch_id: UUID) -> Facts:
    """Return the facts of a claimed batch, which the claim has not read."""
    return Facts(
        *_READ_FACTS.run(connection, {"batch_id": batch_id, "with_facts": True}).fetchone()
    )


def write_verdicts(
    connection: Connection,
    *,
    batch_id: UUID,
    known: Verdicts,
    screenings: Mapping[int, Screening],
) -> None:
    """Store the verdicts, by action_no; writes nothing when every action passed every check.

    An action that has a verdict already, of a review, keeps it.
    """
    verdicts = dict(known)
    if not known and all(screening.checks is ALL_PASSED for screening in screenings.values()):
        return
    for number, screening in screenings.items():
        before = known.get(str(number), {})
        if "verdict" not in before and (before or screening.checks is not ALL_PASSED):
            verdicts[str(number)] = {
                "verdict": screening.verdict,
                "reason": screening.reason,
                "checks": {**screening.checks, **before.get("checks", {})},
            }
    if verdicts:
        connection.execute(
            sql(
                "UPDATE action_batches SET verdicts = CAST(:verdicts AS jsonb)"
                " WHERE batch_id = :batch_id"
            ),
            {"batch_id": batch_id, "verdicts": orjson.dumps(verdicts).decode()},
        )


def correct_policy(connection: Connection, *, batch_id: UUID, number: int | None) -> None:
    """Name the policy that has judged the batch, which is not the one that the claim has named."""
    connection.execute(
        sql("UPDATE action_batches SET policy_no = :number WHERE batch_id = :batch_id"),
        {"batch_id": batch_id, "number": number},
    )
