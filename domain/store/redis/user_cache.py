"""The user cache in Redis: score and statistics for an hour, never older than the board knows.

A write deletes the entry in the script that moves the board; a fill is refused when the board has
a newer version, so a slow reader cannot bring an old state back.
"""

from datetime import datetime
from uuid import UUID

import orjson

from domain.store.postgres.boards.player_scores import PlayerRow
from domain.store.redis import keys
from domain.store.redis.client import RedisClient


def find_cached(redis: RedisClient, *, user_id: UUID) -> tuple[PlayerRow, int | None] | None:
    """Return the cached player and the rank looked up with it. Raises RedisUnavailableError."""
    answer = redis.run_script(
        "read_user_cache",
        [keys.user_cache(user_id), keys.board(), keys.board_rows(), keys.board_marker()],
        [str(user_id)],
    )
    if not answer:
        return None
    username, score, version, total, first, last = orjson.loads(answer[0])
    row = PlayerRow(user_id, username, score, version, total, _at(first), _at(last))
    return row, answer[1] or None


def fill_cache(redis: RedisClient, *, row: PlayerRow) -> None:
    """Cache the player unless the board knows better. Raises RedisUnavailableError."""
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
        [keys.user_cache(row.user_id), keys.board_rows(), keys.board_marker()],
        [str(row.user_id), row.version, value, keys.USER_CACHE_TTL_SECONDS],
    )


def _at(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None
