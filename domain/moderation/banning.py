"""Bans: a player is off every board, signed out and heard no more, until the ban ends.

A ban and its end (`unbanning.py`) are exact inverses. Called by the routes of moderation.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from domain.errors import DatabaseConflictError, InvalidPayloadError, NotFoundError
from domain.moderation.acts import record_act
from domain.moderation.claims import require_stranger
from domain.moderation.model import ActKind, Ban, BanReason
from domain.moderation.showing import show_ban_at_once
from domain.rankings.ledger.withholding import take_rows
from domain.store.postgres.accounts.revocations import RevocationKind, insert_revocation
from domain.store.postgres.accounts.sessions import delete_sessions_of
from domain.store.postgres.accounts.tickets import delete_tickets_of
from domain.store.postgres.moderation import bans
from domain.store.postgres.rankings.catalog import share_catalog
from domain.store.postgres.transactions import read_clock
from domain.store.redis.revocations import announce_revocation
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

# No access token is valid for longer: the bounds of JWT_EXPIRATION and JWT_LEEWAY_SECONDS.
TOKENS_END = timedelta(seconds=86_400 + 300)
TRIES = 5


def find_ban(store: Store, *, user_id: UUID) -> Ban | None:
    """Return the player's ban that runs now; raises NotFoundError for an unknown player."""
    with store.write() as connection:
        _require_player(connection, user_id)
        return bans.find_running_ban(connection, user_id=user_id)


def ban_user(
    store: Store,
    *,
    user_id: UUID,
    until: datetime | None,
    reason: BanReason,
    note: str,
    by: str,
    now: datetime,
) -> Ban:
    """Ban the player until a time, or for good, and end the player's sessions.

    A player who is banned gets the new time and reason; a repeat of the same changes nothing.
    Actions that were accepted before are still scored, and count when the ban has ended. Raises
    NotFoundError for an unknown player, InvalidPayloadError for a time that is over, and
    ForbiddenError for the moderator's own account.
    """
    require_stranger(by, user_id)
    if until is not None and until <= now:
        raise InvalidPayloadError(details={"fields": {"until": ["It must be in the future."]}})
    for tries_left in reversed(range(TRIES)):
        try:
            with store.write() as connection:
                ban, is_new = _ban(connection, user_id, until, reason, note, by)
            break
        except DatabaseConflictError:
            # Opening a session or a case locks the same rows in another order.
            if not tries_left:
                raise
    announce_revocation(store.redis)
    if is_new:
        logger.info("player banned", user_id=str(user_id), ban_no=ban.ban_no, reason=reason)
        show_ban_at_once(store, ban_no=ban.ban_no, now=now)
    return ban


def _ban(
    connection: Connection,
    user_id: UUID,
    until: datetime | None,
    reason: BanReason,
    note: str,
    by: str,
) -> tuple[Ban, bool]:
    """Write the ban; return it, and False for one that was there already."""
    share_catalog(connection)
    if not bans.lock_player(connection, user_id=user_id):
        raise NotFoundError("There is no such user")
    before = bans.find_running_ban(connection, user_id=user_id)
    if before and (before.until_at, before.reason, before.note) == (until, reason, note):
        return before, False
    _sign_out(connection, user_id)
    if before:
        rankings = before.rankings
        bans.close_ban(connection, ban_no=before.ban_no, rankings=rankings)
    else:
        rankings = take_rows(connection, user_id=user_id)
        bans.withhold_score(connection, user_id=user_id)
    ban = bans.insert_ban(
        connection,
        user_id=user_id,
        reason=reason,
        note=note,
        by=by,
        until_at=until,
        rankings=rankings,
    )
    details = {"code": reason.value, "until": None if until is None else until.isoformat()}
    record_act(connection, kind=ActKind.BAN, by=by, user_id=user_id, reason=note, details=details)
    return ban, True


def _sign_out(connection: Connection, user_id: UUID) -> None:
    """End all sessions of the player, and every access token issued until now."""
    delete_sessions_of(connection, user_id=user_id)
    delete_tickets_of(connection, user_id=user_id)
    insert_revocation(
        connection,
        kind=RevocationKind.USER,
        subject=str(user_id),
        expires_at=read_clock(connection) + TOKENS_END,
    )


def _require_player(connection: Connection, user_id: UUID) -> None:
    if not bans.is_player(connection, user_id=user_id):
        raise NotFoundError("There is no such user")
