"""Reversal: an applied action is taken back, as if it had never counted. A part of *score*.

Called by `scoring.py` for the batch that a moderator's decision has made. What the player's other
actions come to is folded before the lock is taken, and again when they have changed meanwhile: a
player with very many actions is not locked for as long as that takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from domain.actions.effects import Effect, Effects, UserChange
from domain.actions.model import Status
from domain.errors import ArchiveUnreadableError, TransientError
from domain.rankings.catalog import CatalogCache
from domain.rankings.counting import BoardRule
from domain.rankings.ledger.taking_back import take_back_rows
from domain.rankings.ledger.without import Remainder, fold_without
from domain.rankings.model import CountedAction
from domain.store.postgres.actions.reversals import Statistics, read_statistics, write_reversal
from domain.store.postgres.actions.score_locks import lock_scores
from domain.store.postgres.actions.scoring import LockedEntry, lock_entry
from domain.store.postgres.moderation.cases import open_cases
from domain.store.postgres.rankings.catalog import read_revision
from domain.store.postgres.rankings.ledger.actions import (
    LedgerPlayer,
    find_player,
    hold_months,
    lock_players,
)
from domain.store.postgres.transactions import read_one_moment
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

# A player who acts all the time is locked while the ledger is folded for the last time.
FOLDS_WITHOUT_LOCK = 3


@dataclass(frozen=True, slots=True)
class _Folded:
    """What is left without the action, for this player and these boards."""

    player: LedgerPlayer
    revision: int
    left: Statistics
    remainders: Sequence[Remainder]


@dataclass(frozen=True, slots=True)
class Reversal:
    """An action to be taken back, and how: the batch of the decision, and where archives are."""

    batch_id: UUID
    action: CountedAction
    catalogs: CatalogCache
    archive_path: Path
    stalled: bool
    lock_wait_ms: int

    @property
    def user_id(self) -> UUID:
        """The action's player."""
        return UUID(self.action.user_id)


def reverse_action(store: Store, reversal: Reversal) -> Effects | None:
    """Take the action back in one transaction; None when the batch is not at its stage any more.

    Raises TransientError when a file of an archive is missing or damaged, or another transaction
    has changed the action, and as `score_batch` does. Nothing is changed then, and the batch waits.
    """
    try:
        for _ in range(FOLDS_WITHOUT_LOCK):
            with store.write() as connection:
                read_one_moment(connection)
                hold_months(connection)
                folded = _fold(connection, reversal, is_streamed=True)
            effects = _write(store, reversal, folded)
            if effects is not _STALE:
                return effects
        return _write(store, reversal, None)
    except ArchiveUnreadableError as error:
        logger.error(
            "decision waits for an archive",
            action_no=reversal.action.action_no,
            batch_id=str(reversal.batch_id),
            cause=error.message,
        )
        raise TransientError(error.message) from error


_STALE = Effects((), ())


def _write(store: Store, reversal: Reversal, folded: _Folded | None) -> Effects | None:
    """Write what is left; `_STALE` when the player or the boards have changed since the fold.

    Without a fold it is made under the lock.
    """
    with store.write() as connection:
        entry = lock_entry(
            connection,
            batch_id=reversal.batch_id,
            stalled=reversal.stalled,
            lock_wait_ms=reversal.lock_wait_ms,
        )
        if entry is None:
            return None
        locked = lock_scores(connection, user_ids=[reversal.action.user_id])
        (player,) = lock_players(connection, user_ids=[reversal.user_id])
        if folded is None:
            hold_months(connection)
            folded = _fold(connection, reversal, is_streamed=False)
        elif (player, locked.boards_revision) != (folded.player, folded.revision):
            return _STALE
        before = locked.scores[reversal.action.user_id].score
        rankings = take_back_rows(
            connection, folded.remainders, user_id=reversal.action.user_id, now=locked.now
        )
        return _write_action(connection, reversal, entry, before, folded.left, rankings)


def _write_action(
    connection: Connection,
    reversal: Reversal,
    entry: LockedEntry,
    before: int,
    left: Statistics,
    rankings: list[int],
) -> Effects:
    (action,) = entry.actions
    effect = Effect(action.status, action.reason, before, left.score.score)
    if effect.status is Status.QUARANTINED:
        # Before the action is written: a decision locks the case, then its action.
        open_cases(connection, user_ids=[action.user_id])
    if not write_reversal(
        connection,
        entry=entry,
        created_at=reversal.action.accepted_at,
        effect=effect,
        left=left,
        rankings=rankings,
    ):
        raise TransientError("another transaction changed the action")
    return Effects((effect,), (UserChange(action.user_id, left.score, 0),))


def _fold(connection: Connection, reversal: Reversal, *, is_streamed: bool) -> _Folded:
    revision = read_revision(connection)
    rules: Sequence[BoardRule] = reversal.catalogs.find(connection, revision=revision).rules
    player = find_player(connection, user_id=reversal.user_id)
    assert player is not None
    left, remainders = fold_without(
        connection,
        reversal.action,
        rules=rules,
        player=player,
        statistics=read_statistics(connection, user_id=reversal.user_id),
        archive_path=reversal.archive_path,
        is_streamed=is_streamed,
    )
    return _Folded(player, revision, left, remainders)
