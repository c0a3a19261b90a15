"""Shows bans in Redis: players leave its boards, or are back, and everybody who listens is told.

PostgreSQL knows of each ban whether Redis was told, so the keeper does again what a crash or an
outage has prevented. Twice does no harm: what is written is absolute, and old versions are refused.
"""

from datetime import datetime
from uuid import UUID, uuid4

import structlog

from domain.boards.model import GLOBAL_BOARD
from domain.errors import RedisUnavailableError, TransientError
from domain.events.board_changes import publish_changes
from domain.events.followed_rankings import FollowedRankings
from domain.rankings.model import BoardVersion
from domain.rankings.moving import to_write
from domain.store.postgres.boards.standings import list_batch_rows
from domain.store.postgres.moderation.bans import (
    ShownState,
    find_shown_state,
    list_bans_to_show,
    lock_withheld,
    mark_shown,
)
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.numbers import list_batch_rankings
from domain.store.postgres.rankings.rows import draw_stamp, list_batch_ranking_rows
from domain.store.redis import boards
from domain.store.redis.rankings import RankingWrite, RowWrite, write_rankings
from domain.store.redis.user_cache import forget_cached
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

# The process that has banned shows it within milliseconds, or not at all.
OVERDUE_SECONDS = 2.0
SHOWN_AT_ONCE = 100


def show_ban_at_once(store: Store, *, ban_no: int, now: datetime) -> None:
    """Show a ban that was just committed; when that fails, the keeper shows it."""
    try:
        show_ban(store, ban_no=ban_no, now=now)
    except TransientError as error:
        # Whoever asked for the ban must not hear that it has failed.
        logger.warning("ban not shown yet", ban_no=ban_no, cause=type(error).__name__)


def show_ban(store: Store, *, ban_no: int, now: datetime) -> bool:
    """Bring Redis to what is stored of the ban's player; return False while Redis is away.

    Raises DatabaseUnavailableError, and TransientError for a board that a newer version has made.
    """
    with store.write() as connection:
        state = find_shown_state(connection, ban_no=ban_no)
        if state is None:
            return True
        # Locked: what is drawn here is older than what is written to the player's rows later.
        is_withheld = lock_withheld(connection, user_id=state.user_id)
        rows = list_batch_rows(connection, user_ids=[str(state.user_id)])
        writes = _list_writes(connection, state, is_withheld=is_withheld, now=now)
    try:
        boards.write_rows(store.redis, rows, board=GLOBAL_BOARD)
        forget_cached(store.redis, board=GLOBAL_BOARD, user_id=state.user_id)
        write_rankings(store.redis, writes)
        publish_changes(store, board=GLOBAL_BOARD, batch_id=uuid4(), now=now)
        FollowedRankings().publish(store, rankings=[write.ranking_no for write in writes])
    except RedisUnavailableError:
        logger.warning("ban not shown yet", ban_no=ban_no)
        return False
    with store.lazy() as connection:
        mark_shown(connection, ban_no=ban_no, state=state)
    return True


def show_overdue_bans(
    store: Store, *, now: datetime, overdue_seconds: float = OVERDUE_SECONDS
) -> int:
    """Show the bans, begun or ended, of which Redis may not know; return how many it was told of.

    Those that are so old at least. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        overdue = list_bans_to_show(
            connection, older_than_seconds=overdue_seconds, limit=SHOWN_AT_ONCE
        )
    shown = 0
    for ban_no in overdue:
        if not show_ban(store, ban_no=ban_no, now=now):
            break
        shown += 1
    return shown


def _list_writes(
    connection: Connection, state: ShownState, *, is_withheld: bool, now: datetime
) -> list[RankingWrite]:
    """Return what the player has in the rankings of the ban that Redis is to have."""
    _, known = list_batch_rankings(connection, rankings=state.rankings)
    versions = {version.number: version for version in list_counted_versions(connection)}
    shown = {
        ranking.ranking_no: versions[ranking.version_no]
        for ranking in known
        if ranking.version_no in versions and not ranking.revision
    }
    rows = _list_gone(connection, shown, state.user_id) if is_withheld else {}
    if not is_withheld:
        for row in list_batch_ranking_rows(
            connection, rankings=list(shown), user_ids=[str(state.user_id)]
        ):
            rows[row.ranking_no] = RowWrite(*row[1:])
    return [to_write(shown[number].definition, number, row, now) for number, row in rows.items()]


def _list_gone(
    connection: Connection, shown: dict[int, BoardVersion], user_id: UUID
) -> dict[int, RowWrite]:
    stamp = draw_stamp(connection)
    gone = RowWrite(str(user_id), None, stamp.version, stamp.updated_ms)
    return dict.fromkeys(shown, gone)
