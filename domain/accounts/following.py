"""Attributes and what follows them: the rows of boards that are split by one.

Called by `domain/accounts/changes.py`; the moves are shown after its commit.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from domain.accounts.attributes import (
    apply_attributes,
    check_changes,
    list_changed,
    record_changes,
)
from domain.errors import NotFoundError, RedisUnavailableError
from domain.rankings.moving import move_player
from domain.store.postgres.accounts.attributes import (
    StoredAttributes,
    lock_attributes,
    replace_attributes,
)
from domain.store.postgres.rankings.catalog import list_segment_attributes, share_catalog
from domain.store.postgres.rankings.moves import lock_player_score
from domain.store.postgres.transactions import read_clock
from domain.store.redis.rankings import RankingWrite, write_rankings
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

Moves = Sequence[RankingWrite]
"""What Redis is to be told."""


def change_attributes(
    connection: Connection, *, user_id: UUID, changes: Mapping[str, str | None], now: datetime
) -> Moves:
    """Change the player's attributes, and move the rows that they place.

    Before other changes of the player in the transaction. Raises NotFoundError,
    InvalidPayloadError naming each attribute that is not allowed, or RateLimitExceededError.
    """
    share_catalog(connection)
    stored = lock_attributes(connection, user_id=user_id)
    if stored is None:
        raise NotFoundError("Nothing is stored of this player yet")
    new = apply_attributes(stored.values, changes)
    if new == stored.values:
        return []
    # Which actions came in before the change is decided between two transactions of scoring.
    lock_player_score(connection, user_id=user_id)
    at = read_clock(connection)
    changed = list_changed(stored.values, new)
    check_changes(stored.history, added=changed, at=at)
    history = record_changes(stored.values, stored.history, new, at=at)
    replace_attributes(connection, user_id=user_id, attributes=StoredAttributes(new, history))
    return move_player(
        connection,
        user_id=user_id,
        changes={name: history[name] for name in changed},
        at=at,
        now=now,
    )


def erase_attributes(connection: Connection, *, user_id: UUID) -> None:
    """Remove all attributes of the player.

    Of the changes stay those that place rows of boards, which stay where they are.
    """
    share_catalog(connection)
    stored = lock_attributes(connection, user_id=user_id)
    if stored is None or not (stored.values or stored.history):
        return
    lock_player_score(connection, user_id=user_id)
    at = read_clock(connection)
    placing = list_segment_attributes(connection)
    history = record_changes(stored.values, stored.history, {}, at=at)
    kept = {name: changes for name, changes in history.items() if name in placing}
    replace_attributes(connection, user_id=user_id, attributes=StoredAttributes({}, kept))


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
