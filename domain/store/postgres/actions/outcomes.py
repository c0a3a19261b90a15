"""SQL of the outcomes of a batch's actions, for the links behind *score*."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from domain.actions.model import Status
from domain.store.postgres.actions.batches import Batch
from domain.store.postgres.actions.entries import ENTRY_COLUMNS, decode_outcomes
from domain.store.postgres.statements import prepared


class ActionOutcome(NamedTuple):
    """One scored action; `version` counts its final transitions."""

    action_id: str
    action_no: int
    user_id: str
    score_delta: int
    status: Status
    version: int
    reason: str | None
    previous_score: int | None
    new_score: int | None
    created_at: datetime
    completed_at: datetime


# A look-up takes a fifth of the time of `Status(text)`.
_STATUSES = {status.value: status for status in Status}
_READ = prepared(
    f"SELECT created_at, scored_at, outcomes, {ENTRY_COLUMNS} FROM action_batches"
    " WHERE batch_id = :batch_id AND outcomes IS NOT NULL"
)


def list_outcomes(connection: Connection, *, batch: Batch) -> Sequence[ActionOutcome]:
    """Return the batch's scored actions in order of action_no; none before it is scored."""
    row = connection.execute(_READ, {"batch_id": batch.batch_id}).one_or_none()
    if row is None:
        return []
    return read_outcomes(*row)


def read_outcomes(
    created_at: datetime,
    scored_at: datetime,
    outcomes: str,
    action_nos: Sequence[int],
    action_ids: Sequence[str],
    user_ids: Sequence[str],
    scores: Sequence[int],
) -> list[ActionOutcome]:
    """Return the outcomes out of the columns of a scored batch."""
    return [
        ActionOutcome(
            action_id,
            number,
            user_id,
            score,
            _STATUSES[status],
            version,
            reason,
            previous,
            new,
            created_at,
            scored_at,
        )
        for number, action_id, user_id, score, (status, reason, previous, new, version) in zip(
            action_nos, action_ids, user_ids, scores, decode_outcomes(outcomes), strict=True
        )
    ]
