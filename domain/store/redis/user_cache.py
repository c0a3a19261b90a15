"""The user cache in Redis: a player's score and statistics for an hour, never stale.

The script that writes a board deletes the entries of the users it changes, and a fill is refused
when the board has a newer version: a slow reader cannot cache an old state. Called by
`domain/boards/players.py`.
"""

from datetime import datetime
from uuid import UUID

import orjson

from domain.boards.model import BoardId
from domain.store.postgres.boards.player_scores import PlayerRow
from domain.store.redis import keys
from domain.store.redis.client import RedisClient


def find_cached(
    redis: RedisClient, *, board: BoardId, user_id: UUID
) -> tuple[PlayerRow, int | None] | None:
    """Return the cached player and its rank on the board, read together.

    Returns None when the player is not cached or the board is not trusted. Raises
    RedisUnavailableError.
    """
    answer = redis.run_script(
        "read_user_cache",
        [
            keys.user_cache(board, user_id),
            keys.board(board),
            keys.board_rows(board),
        ],
        [str(user_id)],
    )
    if not answer:
        return None
    username, score, version, total, first, last = orjson.loads(answer[0])
    row = PlayerRow(user_id, username, score, version, total, _parse_time(first), _parse_time(last))
    return row, answer[1] or None


def fill_cache(redis: RedisClient, *, board: BoardId, row: PlayerRow) -> None:
    """Cache the player unless the board has a newer version, or nobody of this id.

    Raises RedisUnavailableError.
    """
    value = orjson.dumps(
        [
            row.username,
            row.score,
            row.version,
            row.total_actions,
            row.first_action,
            row.last_action,
        ]
    )
    redis.run_script(
        "fill_user_cache",
        [keys.user_cache(board, row.user_id), keys.board(board), keys.board_rows(board)],
        [str(row.user_id), row.version, value, keys.USER_CACHE_TTL_SECONDS],
    )


def forget_cached(redis: RedisClient, *, board: BoardId, user_id: UUID) -> None:
    """Drop the player from the cache. Raises RedisUnavailableError."""
    redis.run(lambda client: client.delete(keys.user_cache(board, user_id)))


def _parse_time(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None
