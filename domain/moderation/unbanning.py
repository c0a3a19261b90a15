"""Ends of bans: what there would be without the ban is made of the ledger again.

Called by the routes of moderation, and when the time of a ban is over by the keeper.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from uuid import UUID

import structlog

from domain.errors import (
    ArchiveUnreadableError,
    DatabaseConflictError,
    DatabaseUnavailableError,
    NotFoundError,
)
from domain.moderation.acts import record_act
from domain.moderation.banning import find_ban
from domain.moderation.claims import require_stranger
from domain.moderation.model import ActKind, Ban
from domain.moderation.showing import show_ban_at_once
from domain.rankings.ledger.withholding import WithheldPlayer, fold_withheld, return_rows
from domain.store.postgres.moderation import bans
from domain.store.postgres.rankings.catalog import read_revision, share_catalog
from domain.store.postgres.rankings.ledger.actions import find_player
from domain.store.redis.revocations import announce_revocation
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

KEEPER = "keeper"
TIME_OVER = "The time of the ban is over"
TRIES = 5
DUE_AT_ONCE = 100


def end_ban(
    store: Store, *, user_id: UUID, reason: str, by: str, archive_path: Path, now: datetime
) -> Ban:
    """End the player's ban, and put the player back on every board; return the ban.

    Raises NotFoundError for an unknown player or one who is not banned, ForbiddenError for the
    moderator's own account, ArchiveUnreadableError when a file of an archive that is needed is
    missing or damaged, and DatabaseConflictError when the boards or the player's actions change
    faster than they can be read.
    """
    require_stranger(by, user_id)
    for _ in range(TRIES):
        ban = find_ban(store, user_id=user_id)
        if ban is None:
            raise NotFoundError("This player is not banned")
        if _end(store, ban, reason=reason, by=by, archive_path=archive_path, now=now):
            return ban
    raise _ChangedError


@dataclass(frozen=True, slots=True)
class DueBans:
    """How many bans were ended, and those (by number) for which a file of an archive is missing."""

    ended: int
    unreadable: tuple[int, ...] = ()


def end_due_bans(
    store: Store, *, archive_path: Path, now: datetime, but: Collection[int] = ()
) -> DueBans:
    """End the bans whose time is over, each once, but for some (by number).

    One that cannot be ended now is left to the next call. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        due = bans.list_due_bans(connection, but=but, limit=DUE_AT_ONCE)
    ended, unreadable = 0, []
    for ban in due:
        try:
            ended += _end(
                store, ban, reason=TIME_OVER, by=KEEPER, archive_path=archive_path, now=now
            )
        except ArchiveUnreadableError as error:
            unreadable.append(ban.ban_no)
            logger.error("ban not ended", ban_no=ban.ban_no, error=error.message)
        except DatabaseUnavailableError as error:
            if error.sqlstate is None and not isinstance(error, DatabaseConflictError):
                raise
            # A lock or a time limit of one player must not keep the others banned.
            logger.warning("ban not ended yet", ban_no=ban.ban_no, cause=type(error).__name__)
    return DueBans(ended, tuple(unreadable))


def _end(
    store: Store, ban: Ban, *, reason: str, by: str, archive_path: Path, now: datetime
) -> bool:
    """End exactly this ban; False when it has ended already, or another one has replaced it."""
    for _ in range(TRIES):
        # Without a lock: a player with many actions takes some time.
        with store.write() as connection:
            found = fold_withheld(
                connection, user_id=ban.user_id, taken=ban.rankings, archive_path=archive_path
            )
        try:
            with store.write() as connection:
                step = _try_to_end(connection, ban, found, reason=reason, by=by)
        except DatabaseConflictError:
            continue
        if step is not _Step.CHANGED:
            break
    else:
        raise _ChangedError
    if step is _Step.GONE:
        return False
    announce_revocation(store.redis)
    logger.info("ban ended", user_id=str(ban.user_id), ban_no=ban.ban_no)
    show_ban_at_once(store, ban_no=ban.ban_no, now=now)
    return True


class _Step(Enum):
    ENDED = auto()
    GONE = auto()
    CHANGED = auto()


class _ChangedError(DatabaseConflictError):
    """The boards, or the player's actions, change faster than they can be read."""


def _try_to_end(
    connection: Connection, ban: Ban, found: WithheldPlayer, *, reason: str, by: str
) -> _Step:
    share_catalog(connection)
    bans.lock_player(connection, user_id=ban.user_id)
    running = bans.find_running_ban(connection, user_id=ban.user_id)
    if running is None or running.ban_no != ban.ban_no:
        return _Step.GONE
    if not _is_current(connection, found):
        return _Step.CHANGED
    returned = return_rows(connection, found=found, taken=ban.rankings)
    bans.return_score(connection, user_id=ban.user_id)
    rankings = sorted({*ban.rankings, *returned})
    bans.close_ban(connection, ban_no=ban.ban_no, rankings=rankings)
    record_act(connection, kind=ActKind.UNBAN, by=by, user_id=ban.user_id, reason=reason)
    return _Step.ENDED


def _is_current(connection: Connection, found: WithheldPlayer) -> bool:
    """Return whether nothing has changed since the player, who is locked now, was folded."""
    return (
        read_revision(connection) == found.revision
        and find_player(connection, user_id=found.player.user_id) == found.player
    )
