"""Standings of a ranking: what a stored row tells its readers. Pure.

A row's sort key has all of its numbers, so that one text in Redis is the whole row.
"""

from collections.abc import Sequence
from datetime import datetime
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from domain.rankings.definition import BoardDefinition, Direction, TieRule
from domain.rankings.folding import group_size, sort_key, to_display
from domain.rankings.model import Tally

_OFFSET = 2**63
_UNPACKERS = [Struct(f">{count}Q") for count in range(8)]


class Order(NamedTuple):
    """How the rows of a ranking rank: tied rows share the first `group_bytes` of the sort key."""

    ties: TieRule
    group_bytes: int


class Place(NamedTuple):
    """A place in the order, whether or not anyone stands there now."""

    sort_key: bytes
    user_id: UUID


class Bound(NamedTuple):
    """A place in the order: before the rows whose sort keys begin so, or behind them."""

    prefix: bytes
    is_behind: bool


class PlacedRow(NamedTuple):
    """A row as it is stored; `username` is None where it has to be looked up."""

    sort_key: bytes
    user_id: UUID
    username: str | None
    last_updated: datetime


class Span(NamedTuple):
    """Rows that follow each other, with the index from 0 and the rank of the first."""

    first_index: int
    rank: int
    rows: tuple[PlacedRow, ...]


class Surroundings(NamedTuple):
    """The top and the rows around one player, of one moment.

    `own_index` is None when the player is not there. `ahead` is the sort key of the last row with a
    better rank. `rank_at_day_start` is 0 when the player was not there then, None when unknown.
    """

    total: int
    top: Span
    around: Span
    own_index: int | None
    ahead: bytes | None
    rank_at_day_start: int | None


class RankingStanding(NamedTuple):
    """A row as readers see it: score and columns in the board's decimals."""

    rank: int
    user_id: UUID
    username: str
    score: int | float
    columns: tuple[int | float, ...]
    last_updated: datetime


class ReadRanking(NamedTuple):
    """A ranking to be read; `revision` is that of the seal to read, 0 for the rows of now."""

    number: int
    definition: BoardDefinition
    revision: int = 0

    @property
    def order(self) -> Order:
        """How its rows rank."""
        return order_of(self.definition)


def order_of(definition: BoardDefinition) -> Order:
    """Return how the rows of the board's rankings rank."""
    return Order(definition.ties, group_size(definition))


def list_ranks(order: Order, span: Span) -> list[int]:
    """Return the rank of each row."""
    ranks: list[int] = []
    group = None
    for index, row in enumerate(span.rows, start=span.first_index):
        row_group = row.sort_key[: order.group_bytes]
        if order.ties is TieRule.FIRST_TO_REACH:
            rank = index + 1
        elif group is None:
            rank = span.rank
        elif row_group == group:
            rank = ranks[-1]
        else:
            rank = index + 1 if order.ties is TieRule.COMPETITION else ranks[-1] + 1
        group = row_group
        ranks.append(rank)
    return ranks


def rank_behind(order: Order, *, last_rank: int, index: int, last: bytes, first: bytes) -> int:
    """Return the rank of the row at this index from 0 behind one of `last_rank`; by sort keys."""
    if order.ties is TieRule.FIRST_TO_REACH:
        return index + 1
    if last[: order.group_bytes] == first[: order.group_bytes]:
        return last_rank
    return index + 1 if order.ties is TieRule.COMPETITION else last_rank + 1


def read_numbers(definition: BoardDefinition, sort_key: bytes) -> tuple[int, ...]:
    """Return the value and the columns in a sort key, as they are stored.

    Raises ValueError for a key of another length.
    """
    directions = (definition.direction, *(each.direction for each in definition.tie_breakers))
    size = 8 * len(directions)
    if len(sort_key) != size + 8:
        raise ValueError("not a sort key of this board")
    numbers = _UNPACKERS[len(directions)].unpack(sort_key[:size])
    return tuple(
        _OFFSET - 1 - number if direction is Direction.DESC else number - _OFFSET
        for direction, number in zip(directions, numbers, strict=True)
    )


def bound_of(definition: BoardDefinition, numbers: Sequence[int]) -> Bound:
    """Return the place that one with this value and these columns would get now.

    Numbers are as they are stored. Of equal rows the new one is the last, unless they share a rank;
    so it is, to be on the safe side, where columns are missing.
    """
    columns = (*numbers[1:], *([0] * (len(definition.tie_breakers) + 1 - len(numbers))))
    key = sort_key(definition, Tally(numbers[0], columns, 0, True, 1))
    prefix = key[: 8 * len(numbers)]
    is_whole = len(prefix) == group_size(definition)
    return Bound(prefix, definition.ties is TieRule.FIRST_TO_REACH or not is_whole)


def make_standings(
    definition: BoardDefinition, span: Span, names: dict[UUID, str]
) -> list[RankingStanding]:
    """Return the rows as readers see them; `names` has those that rows do not."""
    return [
        RankingStanding(
            rank,
            row.user_id,
            row.username or names.get(row.user_id, ""),
            to_display(definition, numbers[0]),
            tuple(to_display(definition, number) for number in numbers[1:]),
            row.last_updated,
        )
        for rank, row in zip(list_ranks(order_of(definition), span), span.rows, strict=True)
        for numbers in (read_numbers(definition, row.sort_key),)
    ]


def find_gap(definition: BoardDefinition, own: bytes, ahead: bytes | None) -> int | float | None:
    """Return what the value of one sort key lacks to that of the one ahead; None without one.

    0 when only a tie-breaker is between them.
    """
    if ahead is None:
        return None
    values = [read_numbers(definition, key)[0] for key in (own, ahead)]
    return to_display(definition, abs(values[0] - values[1]))
