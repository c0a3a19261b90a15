"""Ranks of single users: from the sorted set while it is trusted, else counted by SQL."""

from collections.abc import Sequence
from uuid import UUID

from domain.boards.model import BoardId
from domain.errors import RedisUnavailableError
from domain.store.postgres.boards.standings import list_ranks
from domain.store.redis import boards
from domain.store.store import Store


def find_ranks(store: Store, *, board: BoardId, user_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the ranks of those of these users who are on the board.

    Raises DatabaseUnavailableError when both stores are away.
    """
    if not user_ids:
        return {}
    try:
        ranks = boards.find_ranks(store.redis, board=board, user_ids=user_ids)
    except RedisUnavailableError:
        ranks = None
    if ranks is not None:
        return ranks
    with store.write() as connection:
        return list_ranks(connection, user_ids=user_ids)
