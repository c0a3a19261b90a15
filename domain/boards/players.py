"""One player's score, statistics and rank, from the user cache or else from SQL.

Called by `web/routes/users.py`.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.boards.model import BoardId
from domain.boards.reader import find_ranks
from domain.errors import NotFoundError, RedisUnavailableError
from domain.store.postgres.boards.player_scores import PlayerRow, find_player
from domain.store.redis.user_cache import fill_cache, find_cached
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class PlayerScore:
    """A player's numbers; `from_cache` is False when PostgreSQL was queried."""

    user_id: UUID
    username: str
    score: int
    rank: int | None
    total_actions: int
    first_action: datetime | None
    last_action: datetime | None
    from_cache: bool


def get_player_score(store: Store, *, board: BoardId, user_id: UUID) -> PlayerScore:
    """Return the player's numbers: the score and rank on this board, and the statistics.

    Raises NotFoundError for an unknown user, and DatabaseUnavailableError on a cache miss.
    """
    with suppress(RedisUnavailableError):
        cached = find_cached(store.redis, board=board, user_id=user_id)
        if cached is not None:
            return _player_score(*cached, from_cache=True)
    with store.read() as connection:
        row = find_player(connection, user_id=user_id)
    if row is None:
        raise NotFoundError("There is no such user")
    with suppress(RedisUnavailableError):
        fill_cache(store.redis, board=board, row=row)
    rank = find_ranks(store, board=board, user_ids=[user_id]).get(user_id)
    return _player_score(row, rank, from_cache=False)


def _player_score(row: PlayerRow, rank: int | None, *, from_cache: bool) -> PlayerScore:
    return PlayerScore(
        user_id=row.user_id,
        username=row.username,
        score=row.score,
        rank=rank,
        total_actions=row.total_actions,
        first_action=row.first_action,
        last_action=row.last_action,
        from_cache=from_cache,
    )
