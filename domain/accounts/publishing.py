"""Shows a player's new name where the old one is kept: the board, the user cache, the listeners.

Called by the use cases of this room after their commit.
"""

from datetime import datetime
from uuid import UUID, uuid4

import structlog

from domain.boards.model import BoardId
from domain.errors import DatabaseUnavailableError, RedisUnavailableError
from domain.events.board_changes import publish_changes
from domain.store.postgres.boards.standings import list_board_rows
from domain.store.redis import boards
from domain.store.redis.bus import forget_messages
from domain.store.redis.user_cache import forget_cached
from domain.store.store import Store

logger = structlog.get_logger(__name__)


def show_name(store: Store, *, board: BoardId, user_id: UUID, now: datetime) -> None:
    """Write the player's row to the board under its new version, and tell every listener.

    The message has no action, only the top after it. While a store is away nothing is shown: the
    keeper's comparison finds the older row later.
    """
    try:
        with store.write() as connection:
            rows = list_board_rows(connection, user_ids=[user_id])
        forget_cached(store.redis, board=board, user_id=user_id)
        if rows:
            boards.write_rows(store.redis, rows, board=board)
            publish_changes(store, board=board, batch_id=uuid4(), now=now)
    except (DatabaseUnavailableError, RedisUnavailableError) as error:
        logger.warning("name not shown yet", user_id=str(user_id), cause=type(error).__name__)


def forget_name(store: Store, *, board: BoardId) -> None:
    """Drop the board's last messages from Redis: they name players as they were called then.

    While Redis is away they stay until others replace them.
    """
    try:
        forget_messages(store.redis, board=board)
    except RedisUnavailableError:
        logger.warning("messages not dropped", board=str(board))
