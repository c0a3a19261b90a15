"""Scoring: the second link, and the one atomic update of scores.

Exactly once: a batch is applied in the transaction that moves it on, and an action is in one batch.
"""

from dataclasses import dataclass
from uuid import UUID

from domain.actions.effects import NO_EFFECTS, Effects, apply_actions
from domain.actions.model import LinkOutcome
from domain.errors import TransientError
from domain.store.postgres.actions.scoring import lock_entry, lock_scores, write_effects
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class ScoringOutcome:
    """What the link did, and what it changed."""

    link: LinkOutcome
    effects: Effects = NO_EFFECTS


# Longer than another batch holds a player's score, on a slow disk too.
LOCK_WAIT_MS = 300


def score_batch(
    store: Store, *, batch_id: UUID, stalled: bool = True, lock_wait_ms: int = LOCK_WAIT_MS
) -> ScoringOutcome:
    """Apply the batch in one transaction: statuses, scores, statistics, and the stage SCORED.

    Unless `stalled`, only a batch that the keeper has not found stalled. Raises DatabaseLockedError
    when a player's score stays locked for `lock_wait_ms`, DatabaseUnavailableError, and
    TransientError when another transaction changed an action of the batch; nothing is changed then.
    """
    with store.write() as connection:
        entry = lock_entry(
            connection, batch_id=batch_id, stalled=stalled, lock_wait_ms=lock_wait_ms
        )
        if entry is None:
            return ScoringOutcome(LinkOutcome.NOT_ITS_TURN)
        users = sorted({action.user_id for action in entry.actions})
        effects = apply_actions(entry.actions, lock_scores(connection, user_ids=users))
        if write_effects(connection, entry=entry, effects=effects) != len(effects.actions):
            raise TransientError("another transaction changed an action of the batch")
    return ScoringOutcome(LinkOutcome.MOVED, effects)
