"""Reads for many players at once, each by one script and so of one moment.

Called for those who follow the board or a ranking live. What a script answers for one player is
left out when the player's mark says that it is known. Every function raises RedisUnavailableError,
and ValueError for what no script of ours wrote. An answer of None means that the set is not
trusted; the callers then ask SQL.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.boards.model import GLOBAL_BOARD, AroundAsked, BoardId, Held, Standing
from domain.events.wire import parse_rows
from domain.rankings.reads.standings import Order, Span, Surroundings
from domain.store.redis import keys
from domain.store.redis.client import RedisClient
from domain.store.redis.ranking_reads import order_arguments, read_ahead, read_span

# Of one script: it keeps the server from other work for about 2 ms, and Lua's stack is bounded.
MAX_HELD = 500
MAX_AROUND = 100


class MarkedRows(NamedTuple):
    """The rows around one player of the board, and their mark; none for one who is not on it."""

    mark: str
    total_users: int
    rows: tuple[Standing, ...]


class MarkedSurroundings(NamedTuple):
    """The rows around one player of a ranking, and their mark."""

    mark: str
    found: Surroundings


def find_moved(
    redis: RedisClient, *, board: BoardId, known: Mapping[UUID, Held | None]
) -> dict[UUID, Held] | None:
    """Return what those of up to MAX_HELD players hold who hold another rank than they know.

    None in `known` is for what is not known.
    """
    users = [*known]
    ranks = [-1 if held is None else held.rank or 0 for held in known.values()]
    answer = redis.run_script(
        "read_moved",
        [keys.board(board), keys.board_rows(board)],
        [orjson.dumps([*map(str, users)]), orjson.dumps(ranks)],
    )
    if answer is None:
        return None
    moved = zip(answer[::3], answer[1::3], answer[2::3], strict=True)
    return {users[number - 1]: Held(rank or None, int(score)) for number, rank, score in moved}


def find_rows_around(
    redis: RedisClient, *, board: BoardId, asked: Sequence[AroundAsked]
) -> list[MarkedRows | None] | None:
    """Return the rows around each of up to MAX_AROUND players; None for what its mark knows."""
    answer = redis.run_script(
        "read_around_many",
        [keys.board(board), keys.board_rows(board)],
        [_dump(asked)],
    )
    if answer is None:
        return None
    total, *found = answer
    return [
        MarkedRows(each[0], total, parse_rows(each[2], first_rank=each[1])) if each else None
        for each in found
    ]


def find_surroundings(
    redis: RedisClient, *, ranking_no: int, order: Order, asked: Sequence[AroundAsked]
) -> list[MarkedSurroundings | None] | None:
    """Return the rows around each of up to MAX_AROUND players; None for what its mark knows.

    Nothing is told of the top and of the start of the day.
    """
    answer = redis.run_script(
        "rankings/read_around_many",
        [keys.ranking(ranking_no), keys.board_rows(GLOBAL_BOARD)],
        [*order_arguments(order), _dump(asked)],
    )
    if answer is None:
        return None
    total, *found = answer
    return [_read_surroundings(total, each, order) if each else None for each in found]


def _read_surroundings(total: int, answer: Sequence[Any], order: Order) -> MarkedSurroundings:
    mark, around, index, ahead = answer
    return MarkedSurroundings(
        mark,
        Surroundings(
            total,
            Span(0, 0, ()),
            read_span(around, order),
            None if index < 0 else index,
            read_ahead(ahead, order),
            None,
        ),
    )


def _dump(asked: Sequence[AroundAsked]) -> bytes:
    return orjson.dumps([[str(each.user_id), each.neighbors, each.mark] for each in asked])
