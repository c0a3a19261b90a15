"""Recovery: which stalled batches to look at, what to do with each, and how to split a bad one.

Called by the links (attempts) and by the keeper (everything else).
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from uuid import UUID, uuid4

import structlog

from domain.actions.chain import SCORE, Link, Stage, list_counted_stages, list_redis_stages
from domain.actions.effects import fail_actions
from domain.errors import TransientError
from domain.store.postgres.actions import attempts
from domain.store.postgres.actions.batches import (
    Batch,
    claim_due_batches,
    divert_batch,
    find_locked_batch,
)
from domain.store.postgres.actions.isolation import (
    copy_actions,
    list_pending_by_player,
    list_pending_ids,
    remove_actions,
)
from domain.store.postgres.actions.score_locks import list_lockable_players
from domain.store.postgres.actions.scoring import lock_entry, write_effects
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

SWEEP_LIMIT = 100
# A keeper that dies of a batch has spent a look on those claimed with it: on a few, not on all.
CLAIM_LIMIT = 10
BATCH_ATTEMPTS = 2
# Beside the attempt that was not counted, or those at the batch that it was a part of.
SINGLE_ATTEMPTS = 2
# A batch that may have killed a process is left to the workers for so many looks, so that it kills
# no keeper, which all other batches may be waiting for.
LOOKS_FOR_WORKERS = 3
# After some 40 s a batch is split even if its attempts do not count: whether the others fail is
# unknown then, and those of its actions that do not must not wait with them.
SPLIT_LOOKS = 6
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

    An attempt counts only if it fails alone: not while several other batches fail at the same link
    and none passes it. Return False when the batch is not at `link.before`, or another process is
    at work on it. Raises DatabaseUnavailableError.
    """
    with store.autocommit() as connection:
        return attempts.begin_attempt(connection, batch_id=batch_id, link=link)


def end_attempt(store: Store, *, batch_id: UUID, link: Link) -> None:
    """Forget the attempts at a link after a transient error, which no action is to blame for.

    All of them: one whose end could not be written, because another attempt had the row, must not
    add up with later ones. Raises DatabaseUnavailableError.
    """
    with store.autocommit() as connection:
        attempts.forget_attempts(connection, batch_id=batch_id, stage=link.before)


def sweep_stalled_batches(store: Store) -> Iterator[Batch]:
    """Yield stalled batches, SWEEP_LIMIT at most; the next few are claimed when these are done.

    Raises DatabaseUnavailableError.
    """
    for _ in range(SWEEP_LIMIT // CLAIM_LIMIT):
        claimed = claim_stalled_batches(store, limit=CLAIM_LIMIT)
        yield from claimed
        if len(claimed) < CLAIM_LIMIT:
            return


def claim_stalled_batches(store: Store, *, limit: int = SWEEP_LIMIT) -> Sequence[Batch]:
    """Claim the batches that made no progress for their pause, oldest first, `limit` at most.

    While Redis is away, batches whose next link needs it are left alone. Raises
    DatabaseUnavailableError.
    """
    excluded = () if store.redis.usable else REDIS_STAGES
    with store.write() as connection:
        return claim_due_batches(connection, limit=limit, excluded_stages=excluded)


def choose_remedy(batch: Batch, *, broker_usable: bool) -> Remedy:
    """Return what to do: first a new message, then running it here, then splitting it.

    What may be poison gets up to LOOKS_FOR_WORKERS messages.
    """
    is_counted = batch.stage in COUNTED_STAGES
    if is_counted and _keeps_failing(batch):
        return Remedy.ISOLATE
    messages = LOOKS_FOR_WORKERS if is_counted and batch.is_suspect else 1
    if broker_usable and batch.looks <= messages:
        return Remedy.RESUBMIT
    return Remedy.RUN


def isolate(store: Store, *, batch: Batch) -> tuple[UUID, ...]:
    """Split a batch that keeps failing into batches of one; fail a single action that does.

    An action fails only if it does so alone: not while several other batches failed at the same
    link and none has passed it since. Return the batches that replace the batch: itself when it is
    not split, none when another process was faster. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        locked = find_locked_batch(connection, batch_id=batch.batch_id, stage=batch.stage)
        if locked is None or not _keeps_failing(locked):
            return ()
        # The attempt that was not counted says nothing when others fail as well.
        is_doubtful = locked.attempts < BATCH_ATTEMPTS and locked.looks < SPLIT_LOOKS
        if is_doubtful and not attempts.last_attempt_counts(connection, batch=locked):
            return (batch.batch_id,)
        pending = list_pending_ids(connection, batch=locked)
        if len(pending) == 1:
            if locked.attempts >= SINGLE_ATTEMPTS and attempts.last_attempt_counts(
                connection, batch=locked
            ):
                _fail(connection, locked)
            return (batch.batch_id,)
        singles = tuple(
            _copy_out(connection, batch=locked, actions={number: action_id}, suspect=True)
            for number, action_id in pending.items()
        )
        divert_batch(connection, batch=locked, stage=Stage.SPLIT)
    return singles


def _fail(connection: Connection, batch: Batch) -> None:
    """Write the one action of the batch as failed, and move the batch to SCORED.

    One that is to be taken back is left: the batch waits, and is tried again.
    """
    entry = lock_entry(connection, batch_id=batch.batch_id, stage=batch.stage)
    if entry is None:
        raise TransientError("another process was faster")
    if entry.is_reversal:
        # The action is applied and stays so until the decision is done: no link can fail it.
        logger.error(
            "decision keeps failing",
            action_id=entry.actions[0].action_id,
            batch_id=str(batch.batch_id),
        )
        return
    effects = fail_actions(entry.actions)
    if write_effects(connection, entry=entry, effects=effects) != len(effects.actions):
        raise TransientError("another transaction changed the action")


def _keeps_failing(batch: Batch) -> bool:
    """Return whether a batch has failed twice; the first attempt may not have been counted."""
    return batch.attempts >= BATCH_ATTEMPTS or (batch.attempts > 0 and batch.looks >= 2)


def set_locked_aside(store: Store, *, batch_id: UUID) -> bool:
    """Move the actions of players whose scores are locked out of a batch that waits to be scored.

    Each such player gets a batch, so that only their actions wait. Return whether the batch can be
    scored now; False also when another process was faster. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        batch = find_locked_batch(connection, batch_id=batch_id, stage=SCORE.before)
        if batch is None:
            return False
        pending = list_pending_by_player(connection, batch=batch)
        lockable = list_lockable_players(connection, user_ids=list(pending))
        locked = [player for player in pending if player not in lockable]
        # With nobody else in the batch, one of them keeps it.
        is_free = len(locked) < len(pending)
        for player in locked if is_free else locked[1:]:
            _copy_out(connection, batch=batch, actions=pending[player], suspect=False)
            remove_actions(connection, batch=batch, action_nos=list(pending[player]))
    return is_free


def _copy_out(
    connection: Connection, *, batch: Batch, actions: Mapping[int, UUID], suspect: bool
) -> UUID:
    """Copy actions of a batch whose lock is held to a new batch at its stage; return its id."""
    part = uuid4()
    copy_actions(connection, batch=batch, part=part, action_nos=list(actions), suspect=suspect)
    for action_id in actions.values():
        # Without this line an action could not be followed beyond the batch it was in.
        logger.info(
            "action isolated",
            action_id=str(action_id),
            batch_id=str(part),
            part_of=str(batch.batch_id),
        )
    return part
