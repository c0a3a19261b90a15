"""Recovery: which batches to look at, what to do with each, and how a poisoned one is taken apart.

Called by the links (attempts) and by the keeper (everything else).
"""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID, uuid4

import structlog

from domain.actions.model import Stage
from domain.store.postgres.actions.batches import (
    Batch,
    claim_due_batches,
    count_attempt,
    find_locked_batch,
    insert_batch,
    move_batch,
)
from domain.store.postgres.actions.isolation import fail_action, list_pending_ids, reassign_action
from domain.store.store import Store

logger = structlog.get_logger(__name__)

SWEEP_LIMIT = 100
BATCH_ATTEMPTS = 2
SINGLE_ATTEMPTS = 3
# The links that an action can poison; the others never fail an action.
COUNTED_STAGES = frozenset({Stage.ACCEPTED, Stage.SCREENED})
# The stages whose next link can do nothing without Redis. Looked at over and over, a long outage's
# thousands of them would take the turns of those that can be scored.
REDIS_STAGES = frozenset({Stage.SCORED, Stage.AUDITED})


class Remedy(StrEnum):
    """What the keeper does with a batch that stands still."""

    RESUBMIT = "resubmit"
    RUN = "run"
    ISOLATE = "isolate"


def begin_attempt(store: Store, *, batch_id: UUID, stage: Stage) -> bool:
    """Count an attempt, committed before the work so that a killed process leaves its mark.

    False: the batch does not stand at `stage`. Raises DatabaseUnavailableError.
    """
    with store.autocommit() as connection:
        return count_attempt(connection, batch_id=batch_id, stage=stage, step=1)


def take_back_attempt(store: Store, *, batch_id: UUID, stage: Stage) -> None:
    """Uncount an attempt that a passing fault ended. Raises DatabaseUnavailableError."""
    with store.autocommit() as connection:
        count_attempt(connection, batch_id=batch_id, stage=stage, step=-1)


def claim_stalled_batches(store: Store) -> Sequence[Batch]:
    """Claim the batches that made no progress for their pause, oldest first, SWEEP_LIMIT at most.

    Without Redis those that need it are left for its return. Raises DatabaseUnavailableError.
    """
    left = () if store.redis.usable else REDIS_STAGES
    with store.write() as connection:
        return claim_due_batches(connection, limit=SWEEP_LIMIT, but=left)


def choose_remedy(batch: Batch, *, broker_usable: bool) -> Remedy:
    """Return what to do: first a new message, then the keeper's own hands, then taking it apart."""
    if batch.stage in COUNTED_STAGES and batch.attempts >= BATCH_ATTEMPTS:
        return Remedy.ISOLATE
    if broker_usable and batch.looks <= 1:
        return Remedy.RESUBMIT
    return Remedy.RUN


def isolate(store: Store, *, batch: Batch) -> tuple[UUID, ...]:
    """Split a batch that keeps failing into batches of one; fail a single that does.

    Returns the batches that now stand for it. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        locked = find_locked_batch(connection, batch_id=batch.batch_id, stage=batch.stage)
        if locked is None or locked.attempts < BATCH_ATTEMPTS:
            return ()
        action_ids = list_pending_ids(connection, batch=locked)
        if len(action_ids) == 1:
            if locked.attempts < SINGLE_ATTEMPTS:
                return (batch.batch_id,)
            fail_action(connection, action_id=action_ids[0], batch=locked)
            move_batch(connection, batch_id=batch.batch_id, old=locked.stage, new=Stage.SCORED)
            return (batch.batch_id,)
        singles = tuple(uuid4() for _ in action_ids)
        for single, action_id in zip(singles, action_ids, strict=True):
            insert_batch(
                connection, batch_id=single, stage=locked.stage, created_at=locked.created_at
            )
            reassign_action(connection, action_id=action_id, batch=locked, batch_id=single)
        move_batch(connection, batch_id=batch.batch_id, old=locked.stage, new=Stage.SPLIT)
    for single, action_id in zip(singles, action_ids, strict=True):
        # Without this line nobody could follow the action on from the batch it was in.
        logger.info(
            "action set apart",
            action_id=str(action_id),
            batch_id=str(single),
            part_of=str(batch.batch_id),
        )
    return singles
