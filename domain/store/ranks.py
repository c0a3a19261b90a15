"""Ranks of single users: from the sorted set while it is trusted, else counted by SQL."""

from collections.abc import Sequence
from uuid import UUID

from domain.errors import RedisUnavailableError
from domain.store import board
from domain.store.connections import Store
from domain.store.standings import list_ranks


def find_ranks(store: Store, *, user_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return the ranks of those of these users who are on the board.

    Raises DatabaseUnavailableError when both stores are away.
    """
    if not user_ids:
        return {}
    try:
        ranks = board.find_ranks(store.redis, user_ids=user_ids)
    except RedisUnavailableError:
        ranks = None
    if ranks is not None:
        return ranks
    with store.begin() as connection:
        return list_ranks(connection, user_ids=user_ids)
