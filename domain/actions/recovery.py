"""Recovery: which stalled batches to look at, what to do with each, and how to split a bad one.

Called by the links (attempts) and by the keeper (everything else).
"""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID, uuid4

import structlog

from domain.actions.chain import SCORE, Link, Stage, list_counted_stages, list_redis_stages
from domain.store.postgres.actions.batches import (
    Batch,
    claim_due_batches,
    count_attempt,
    divert_batch,
    find_locked_batch,
    insert_batch,
)
from domain.store.postgres.actions.isolation import fail_action, list_pending_ids, reassign_action
from domain.store.store import Store

logger = structlog.get_logger(__name__)

SWEEP_LIMIT = 100
BATCH_ATTEMPTS = 2
SINGLE_ATTEMPTS = 3
COUNTED_STAGES = frozenset(list_counted_stages())
# Left out of the sweeps while Redis is away: a long outage's thousands of such batches would take
# the turns of those that can be scored.
REDIS_STAGES = frozenset(list_redis_stages())


class Remedy(StrEnum):
    """What the keeper does with a stalled batch."""

    RESUBMIT = "resubmit"
    """Send a new message to the workers."""
    RUN = "run"
    """Run the rest of the chain in the keeper."""
    ISOLATE = "isolate"
    """Split it into batches of one action, or fail the one action that it has."""


def begin_attempt(store: Store, *, batch_id: UUID, link: Link) -> bool:
    """Count an attempt, committed before the work so that a killed process leaves its mark.

    Return False when the batch is not at `link.before`. Raises DatabaseUnavailableError.
    """
    with store.autocommit() as connection:
        return count_attempt(connection, batch_id=batch_id, stage=link.before, step=1)


def take_back_attempt(store: Store, *, batch_id: UUID, link: Link) -> None:
    """Uncount an attempt that a transient fault ended. Raises DatabaseUnavailableError."""
    with store.autocommit() as connection:
        count_attempt(connection, batch_id=batch_id, stage=link.before, step=-1)


def claim_stalled_batches(store: Store) -> Sequence[Batch]:
    """Claim the batches that made no progress for their pause, oldest first, SWEEP_LIMIT at most.

    While Redis is away, batches whose next link needs it are left alone. Raises
    DatabaseUnavailableError.
    """
    excluded = () if store.redis.usable else REDIS_STAGES
    with store.write() as connection:
        return claim_due_batches(connection, limit=SWEEP_LIMIT, excluded_stages=excluded)


def choose_remedy(batch: Batch, *, broker_usable: bool) -> Remedy:
    """Return what to do: first a new message, then running it here, then splitting it."""
    if batch.stage in COUNTED_STAGES and batch.attempts >= BATCH_ATTEMPTS:
        return Remedy.ISOLATE
    if broker_usable and batch.looks <= 1:
        return Remedy.RESUBMIT
    return Remedy.RUN


def isolate(store: Store, *, batch: Batch) -> tuple[UUID, ...]:
    """Split a batch that keeps failing into batches of one; fail a single action that does.

    Return the batches that replace it: itself when it is not split, none when another process was
    faster. Raises DatabaseUnavailableError.
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
            divert_batch(connection, batch=locked, stage=SCORE.after)
            return (batch.batch_id,)
        singles = tuple(uuid4() for _ in action_ids)
        for single, action_id in zip(singles, action_ids, strict=True):
            insert_batch(
                connection, batch_id=single, stage=locked.stage, created_at=locked.created_at
            )
            reassign_action(connection, action_id=action_id, batch=locked, batch_id=single)
        divert_batch(connection, batch=locked, stage=Stage.SPLIT)
    for single, action_id in zip(singles, action_ids, strict=True):
        # Without this line an action could not be followed beyond the batch it was in.
        logger.info(
            "action isolated",
            action_id=str(action_id),
            batch_id=str(single),
            part_of=str(batch.batch_id),
        )
    return singles
