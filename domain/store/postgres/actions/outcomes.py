"""SQL of the outcomes of a batch's actions, for the links behind *score*."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.actions.chain import Stage
from domain.actions.model import STATUS_BY_TEXT, Status
from domain.store.postgres.actions.entries import ENTRY_COLUMNS, decode_outcomes
from domain.store.postgres.statements import hot


class ActionOutcome(NamedTuple):
    """One scored action; `version` counts its final transitions.

    The scores are the player's before and after it; None when it changed nothing.
    """

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

    @property
    def is_taken_back(self) -> bool:
        """Whether it was applied before, and its score is no longer in the player's."""
        return self.status is not Status.APPLIED and self.new_score is not None


class ScoredBatch(NamedTuple):
    """A batch behind *score*: to whom it replies, and its actions in order of action_no."""

    reply_to: str | None
    outcomes: Sequence[ActionOutcome]
    # By the text of action_no and by board: why an action does not count there.
    uncounted: Mapping[str, Mapping[str, str]]
    # The numbers of the rankings whose rows it has changed.
    rankings: Sequence[int]


_READ = hot(
    "SELECT reply_to, CAST(uncounted AS text), rankings, created_at, scored_at, outcomes,"
    f" {ENTRY_COLUMNS} FROM action_batches"
    " WHERE batch_id = :batch_id AND stage = :stage"
)


def find_scored_batch(
    connection: Connection, *, batch_id: UUID, stage: Stage
) -> ScoredBatch | None:
    """Return a batch without locking it; None when it is not at `stage`."""
    row = _READ.run(connection, {"batch_id": batch_id, "stage": stage}).fetchone()
    if row is None:
        return None
    reply_to, uncounted, rankings, created_at, scored_at, outcomes, *entry = row
    if outcomes is None:
        return ScoredBatch(reply_to, [], {}, [])
    return ScoredBatch(
        reply_to,
        _read_outcomes(created_at, scored_at, outcomes, *entry),
        orjson.loads(uncounted) if uncounted else {},
        rankings or [],
    )


def _read_outcomes(
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
            STATUS_BY_TEXT[status],
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
