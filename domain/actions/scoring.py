"""Scoring: the second link, and the one atomic update of scores.

Exactly once: an action is applied only while it is pending, in the transaction that ends that.
"""

from dataclasses import dataclass
from uuid import UUID

from domain.actions.chain import SCORE
from domain.actions.effects import NO_EFFECTS, Effects, apply_actions
from domain.actions.model import LinkOutcome
from domain.errors import TransientError
from domain.store.postgres.actions.batches import Batch, claim_batch
from domain.store.postgres.actions.scoring import (
    list_screened_actions,
    lock_scores,
    write_effects,
)
from domain.store.store import Connection, Store


@dataclass(frozen=True, slots=True)
class ScoringOutcome:
    """What the link did, and what it changed."""

    link: LinkOutcome
    effects: Effects = NO_EFFECTS


# Longer than another batch holds a player's score, on a slow disk too.
LOCK_WAIT_MS = 300


def score_batch(
    store: Store, *, batch_id: UUID, lock_wait_ms: int = LOCK_WAIT_MS
) -> ScoringOutcome:
    """Apply the batch in one transaction: statuses, scores, statistics, and the stage SCORED.

    Raises DatabaseLockedError when a player's score stays locked for `lock_wait_ms`,
    DatabaseUnavailableError, and TransientError when another transaction changed an action of the
    batch; nothing is changed then.
    """
    with store.write() as connection:
        batch = claim_batch(connection, batch_id=batch_id, link=SCORE, lock_wait_ms=lock_wait_ms)
        if batch is None:
            return ScoringOutcome(LinkOutcome.NOT_ITS_TURN)
        effects = _apply(connection, batch)
    return ScoringOutcome(LinkOutcome.MOVED, effects)


def _apply(connection: Connection, batch: Batch) -> Effects:
    actions = list_screened_actions(
        connection, batch_id=batch.batch_id, created_at=batch.created_at
    )
    if not actions:
        return NO_EFFECTS
    users = sorted({action.user_id for action in actions})
    effects = apply_actions(actions, lock_scores(connection, user_ids=users))
    marked = write_effects(connection, created_at=batch.created_at, effects=effects)
    if marked != len(effects.actions):
        raise TransientError("another transaction changed an action of the batch")
    return effects
