"""Attributes and what follows them: the rows of boards that are split by one.

Called by `domain/accounts/changes.py`; the moves are shown after its commit.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from domain.accounts.attributes import apply_attributes
from domain.errors import NotFoundError, RedisUnavailableError
from domain.rankings.moving import move_player
from domain.store.postgres.accounts.attributes import lock_attributes, replace_attributes
from domain.store.postgres.rankings.catalog import share_catalog
from domain.store.redis.rankings import RankingWrite, write_rankings
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

Moves = Sequence[RankingWrite]
"""What Redis is to be told."""


def change_attributes(
    connection: Connection, *, user_id: UUID, changes: Mapping[str, str | None], now: datetime
) -> Moves:
    """Change the player's attributes, and move the rows that they place.

    Before other changes of the player in the transaction. Raises NotFoundError, or
    InvalidPayloadError naming each attribute that is not allowed.
    """
    share_catalog(connection)
    old = lock_attributes(connection, user_id=user_id)
    if old is None:
        raise NotFoundError("Nothing is stored of this player yet")
    return _replace(connection, user_id, old, apply_attributes(old, changes), now)


def erase_attributes(connection: Connection, *, user_id: UUID, now: datetime) -> Moves:
    """Remove all attributes of the player, if there are any, and the rows that they placed."""
    share_catalog(connection)
    old = lock_attributes(connection, user_id=user_id)
    return _replace(connection, user_id, old, {}, now) if old else []


def show_moves(store: Store, moves: Moves) -> None:
    """Write moved rows to Redis, after the commit.

    While Redis is away nothing is written: the keeper's comparison finds the older rows later.
    """
    if not moves:
        return
    try:
        write_rankings(store.redis, moves)
    except RedisUnavailableError:
        logger.warning("moves not shown yet", rankings=[move.ranking_no for move in moves])


def _replace(
    connection: Connection,
    user_id: UUID,
    old: Mapping[str, str],
    new: Mapping[str, str],
    now: datetime,
) -> Moves:
    if old == new:
        return []
    replace_attributes(connection, user_id=user_id, attributes=new)
    return move_player(connection, user_id=user_id, old=old, new=new, now=now)
