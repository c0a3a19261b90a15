"""Standings: the reads of the board, from the sorted set while it is trusted, else from SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import structlog

from domain.boards.model import TOP_SIZE, BoardId, Standing, Top, parse_top
from domain.errors import RedisUnavailableError
from domain.store.postgres.boards.standings import count_players, list_ranks, list_standings
from domain.store.postgres.transactions import read_one_moment
from domain.store.redis import boards
from domain.store.store import Store

logger = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Neighborhood:
    """One user's place, the standings around it (own one included), and the top: one moment."""

    top: Top
    own: Standing | None
    around: tuple[Standing, ...]


def read_top(store: Store, *, board: BoardId) -> Top:
    """Return the first TOP_SIZE standings. Raises DatabaseUnavailableError when both are away."""
    now = datetime.now(UTC)
    top = _ask_board(lambda: _find_top(store, board, now))
    return top or _read_top_from_sql(store, board, now)


def find_neighborhood(
    store: Store, *, board: BoardId, user_id: UUID, neighbors: int
) -> Neighborhood:
    """Return the user's own standing with up to `neighbors` above and below, and the top."""
    now = datetime.now(UTC)
    found = _ask_board(lambda: _find_neighborhood(store, board, user_id, neighbors, now))
    return found or _find_neighborhood_in_sql(store, board, user_id, neighbors, now)


def _ask_board(ask: Callable[[], Answer | None]) -> Answer | None:
    """Return the board's answer, or None if it is away, not trusted, or not to be understood."""
    try:
        return ask()
    except RedisUnavailableError:
        return None
    except ValueError:
        # Somebody else wrote there. SQL answers until the keeper's comparison has found it.
        logger.exception("board not understood")
        return None


def _find_top(store: Store, board: BoardId, now: datetime) -> Top | None:
    wire = boards.find_top(store.redis, board=board, size=TOP_SIZE, now=now)
    return parse_top(wire) if wire else None


def _find_neighborhood(
    store: Store, board: BoardId, user_id: UUID, neighbors: int, now: datetime
) -> Neighborhood | None:
    wire = boards.find_neighborhood(
        store.redis,
        board=board,
        size=TOP_SIZE,
        now=now,
        user_id=user_id,
        neighbors=neighbors,
    )
    if wire is None:
        return None
    around = parse_top({**wire, "top": wire["around"]}, first_rank=wire["first"]).standings
    return Neighborhood(parse_top(wire), _own(around, user_id), around)


def _read_top_from_sql(store: Store, board: BoardId, now: datetime) -> Top:
    with store.write() as connection:
        standings = list_standings(connection, first_rank=1, limit=TOP_SIZE)
        total = count_players(connection) if len(standings) == TOP_SIZE else len(standings)
    return Top(board, "", 0, total, tuple(standings), now)


def _find_neighborhood_in_sql(
    store: Store, board: BoardId, user_id: UUID, neighbors: int, now: datetime
) -> Neighborhood:
    with store.write() as connection:
        read_one_moment(connection)
        standings = list_standings(connection, first_rank=1, limit=TOP_SIZE)
        top = Top(board, "", 0, count_players(connection), tuple(standings), now)
        rank = list_ranks(connection, user_ids=[user_id]).get(user_id)
        if rank is None:
            return Neighborhood(top, None, ())
        first = max(1, rank - neighbors)
        around = tuple(
            list_standings(connection, first_rank=first, limit=rank - first + 1 + neighbors)
        )
    return Neighborhood(top, _own(around, user_id), around)


def _own(around: Sequence[Standing], user_id: UUID) -> Standing | None:
    return next((standing for standing in around if standing.user_id == user_id), None)
