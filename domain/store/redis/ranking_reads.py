"""Reads of rankings in Redis, each by one script and so of one moment.

Every function raises RedisUnavailableError, and ValueError for a member that no script of ours
wrote. An answer of None means that the ranking is not trusted; `domain/rankings/reads/` then asks
SQL.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from domain.boards.model import GLOBAL_BOARD, from_milliseconds
from domain.rankings.reads.standings import Bound, Order, Place, PlacedRow, Span, Surroundings
from domain.store.redis import keys
from domain.store.redis.client import RedisClient

WALK_ROWS = 1000
# A walk takes 0.1 MB, and making it a millisecond: when this many are kept, one is shared for a
# second, which is how old its first page may then be.
MAX_UNSHARED_WALKS = 32
SHARED_WALK_MS = 1000
_USER_CHARS = 36


class FirstRows(NamedTuple):
    """The first rows, and the walk that keeps the order of the others; None without others."""

    total: int
    walk_id: str | None
    span: Span


def find_first(
    redis: RedisClient, *, ranking_no: int, order: Order, limit: int
) -> FirstRows | None:
    """Return the first rows; when there are more, a walk is kept for WALK_TTL_SECONDS."""
    ties, digits = order_arguments(order)
    answer = redis.run_script(
        "rankings/read_first",
        _keys(ranking_no),
        [
            limit,
            ties,
            digits,
            uuid4().hex[:16],
            WALK_ROWS,
            keys.WALK_TTL_SECONDS * 1000,
            MAX_UNSHARED_WALKS,
            SHARED_WALK_MS,
        ],
    )
    if answer is None:
        return None
    total, walk_id, *span = answer
    return FirstRows(total, walk_id or None, read_span(span, order))


def find_walk_page(
    redis: RedisClient, *, ranking_no: int, order: Order, walk_id: str, index: int, limit: int
) -> tuple[int, tuple[PlacedRow, ...]] | None:
    """Return how many rows there were, and those of a walk from an index on; None if it is over."""
    answer = redis.run_script("rankings/read_walk", _keys(ranking_no), [walk_id, index, limit])
    return None if answer is None else (answer[0], _read_rows(answer[1], order))


def find_page(
    redis: RedisClient, *, ranking_no: int, order: Order, after: Place, limit: int
) -> tuple[int, Span] | None:
    """Return how many rows there are, and up to `limit` of them behind the place."""
    member = f"{after.sort_key.hex()}:{after.user_id}"
    arguments = [limit, *order_arguments(order), member]
    answer = redis.run_script("rankings/read_page", _keys(ranking_no), arguments)
    return None if answer is None else (answer[0], read_span(answer[1], order))


def find_surroundings(
    redis: RedisClient,
    *,
    ranking_no: int,
    order: Order,
    user_id: UUID,
    neighbors: int,
    top_size: int,
    day: str,
) -> Surroundings | None:
    """Return the top and the rows around the user; `day` is the label of the board's day, or ""."""
    answer = redis.run_script(
        "rankings/read_around",
        _keys(ranking_no),
        [*order_arguments(order), str(user_id), neighbors, top_size, day],
    )
    if answer is None:
        return None
    total, top, around, index, _, ahead, rank_then = answer
    return Surroundings(
        total,
        read_span(top, order),
        read_span(around, order),
        None if index < 0 else index,
        read_ahead(ahead, order),
        None if rank_then < 0 else rank_then,
    )


def find_rank_of(
    redis: RedisClient, *, ranking_no: int, order: Order, bound: Bound
) -> tuple[int, int] | None:
    """Return how many rows there are, and the rank of a row that would come here."""
    # Behind these digits a member has more or a colon, both of which are smaller than "g".
    text = bound.prefix.hex() + ("g" if bound.is_behind else "")
    answer = redis.run_script(
        "rankings/read_rank", [keys.ranking(ranking_no)], [str(order.ties), text]
    )
    return None if answer is None else (answer[0], answer[1])


def find_ranks(
    redis: RedisClient, *, ranking_no: int, order: Order, user_ids: Sequence[UUID]
) -> dict[UUID, int] | None:
    """Return the ranks of those of these users who are in the ranking."""
    arguments = [*order_arguments(order), *map(str, user_ids)]
    answer = redis.run_script("rankings/read_ranks", [keys.ranking(ranking_no)], arguments)
    if answer is None:
        return None
    return {user_id: rank for user_id, rank in zip(user_ids, answer, strict=True) if rank}


def _keys(ranking_no: int) -> list[str]:
    return [keys.ranking(ranking_no), keys.board_rows(GLOBAL_BOARD)]


def order_arguments(order: Order) -> tuple[str, int]:
    """Return what scripts need of an order: how ties rank, and the digits of a group."""
    return str(order.ties), 2 * order.group_bytes


def read_span(answer: Sequence[Any], order: Order) -> Span:
    """Return the span that a script has answered. Raises ValueError for a damaged member."""
    index, rank, rows = answer
    return Span(index, rank, _read_rows(rows, order))


def read_ahead(member: str, order: Order) -> bytes | None:
    """Return the sort key of the member ahead; None for "". Raises ValueError for a damaged one."""
    return _split_member(member, order)[0] if member else None


def _read_rows(flat: Sequence[str], order: Order) -> tuple[PlacedRow, ...]:
    """Return the rows that a script has written as members, times and names in turn."""
    return tuple(
        PlacedRow(*_split_member(member, order), name or None, from_milliseconds(int(time)))
        for member, time, name in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    )


def _split_member(member: str, order: Order) -> tuple[bytes, UUID]:
    sort_key = bytes.fromhex(member[: -_USER_CHARS - 1])
    if len(sort_key) != order.group_bytes + 8:
        raise ValueError("not a member of this ranking")
    return sort_key, UUID(member[-_USER_CHARS:])
