"""SQL of the outcomes of a batch's actions, for the links *refresh* and *broadcast*."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from domain.actions.model import Status
from domain.store.postgres.actions.batches import Batch
from domain.store.postgres.statements import prepared


@dataclass(frozen=True, slots=True)
class ActionOutcome:
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


def list_outcomes(connection: Connection, *, batch: Batch) -> Sequence[ActionOutcome]:
    """Return the batch's scored actions in order of action_no."""
    rows = connection.execute(
        prepared(
            "SELECT CAST(action_id AS text), action_no, CAST(user_id AS text), score_delta,"
            " status, version, reason, previous_score, new_score, created_at, completed_at"
            " FROM user_actions WHERE batch_id = :batch_id AND created_at = :created_at"
            " AND status <> 'pending' ORDER BY action_no"
        ),
        {"batch_id": batch.batch_id, "created_at": batch.created_at},
    )
    return [ActionOutcome(row[0], row[1], row[2], row[3], Status(row[4]), *row[5:]) for row in rows]
