"""The bus of rankings in Redis: the first rows of those that somebody follows, when they change.

Live processes mark what they follow; the *broadcast* link publishes those of a batch's rankings.
Every function raises RedisUnavailableError.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from domain.boards.model import GLOBAL_BOARD, TOP_SIZE
from domain.rankings.definition import TieRule
from domain.rankings.reads.standings import Order, Span
from domain.store.redis import keys
from domain.store.redis.boards import new_epoch
from domain.store.redis.client import RedisClient
from domain.store.redis.ranking_reads import order_arguments, read_span

# Of one script: Lua's stack is bounded.
_MARKED_AT_ONCE = 1000
# The same; each takes about as long as a batch's message of the global board.
_PUBLISHED_AT_ONCE = 32


class PlacedTop(NamedTuple):
    """How many rows a ranking has, and the first of them, at a position of its bus.

    What SQL has read has no position: "" and 0.
    """

    epoch: str
    seq: int
    total: int
    span: Span


class RankingMessage(NamedTuple):
    """One message; without a `span`, as the script wrote it, the ranking could not be read."""

    ranking_no: int
    epoch: str
    seq: int
    total: int
    span: tuple[Any, ...] | None

    def read_top(self, order: Order) -> PlacedTop | None:
        """Return the first rows of this ranking, whose order it is; None without them.

        Raises ValueError, TypeError or KeyError for a damaged member.
        """
        if self.span is None:
            return None
        return PlacedTop(self.epoch, self.seq, self.total, read_span(self.span, order))


def mark_followed(redis: RedisClient, *, rankings: Mapping[int, Order]) -> None:
    """Let changes of these rankings be published, for FOLLOWED_TTL_SECONDS."""
    for part in _split(rankings, _MARKED_AT_ONCE):
        redis.run_script(
            "rankings/mark_followed",
            [keys.followed_rankings()],
            [keys.FOLLOWED_TTL_SECONDS * 1000, *(_write_entry(*entry) for entry in part)],
        )


def list_followed(redis: RedisClient) -> dict[int, Order]:
    """Return the rankings that somebody follows. Raises ValueError for a damaged entry."""
    entries: Any = redis.run(lambda client: client.zrange(keys.followed_rankings(), 0, -1))
    return dict(map(_read_entry, entries))


def publish_rankings(redis: RedisClient, *, rankings: Mapping[int, Order], now: datetime) -> None:
    """Publish how these rankings are now, by one script call unless they are very many."""
    for part in _split(rankings, _PUBLISHED_AT_ONCE):
        redis.run_script(
            "rankings/publish",
            [*(keys.ranking(number) for number, _ in part), keys.board_rows(GLOBAL_BOARD)],
            [
                keys.rankings_channel(),
                now.isoformat(),
                new_epoch(),
                TOP_SIZE,
                keys.RANKING_POSITION_TTL_SECONDS,
                *(argument for entry in part for argument in _arguments(*entry)),
            ],
        )


def _split(rankings: Mapping[int, Order], size: int) -> Iterator[list[tuple[int, Order]]]:
    entries = list(rankings.items())
    for start in range(0, len(entries), size):
        yield entries[start : start + size]


def _arguments(ranking_no: int, order: Order) -> tuple[int | str, ...]:
    return ranking_no, *order_arguments(order)


def parse_ranking_message(wire: Mapping[str, Any]) -> RankingMessage:
    """Return a message out of its JSON. Raises ValueError, KeyError or TypeError for another."""
    number, epoch, seq, total = wire["ranking"], wire["epoch"], wire["seq"], wire.get("total", 0)
    if not (type(epoch) is str and all(type(part) is int for part in (number, seq, total))):
        raise TypeError("not a message of a ranking")
    top = wire.get("top")
    if top is None:
        return RankingMessage(number, epoch, seq, total, None)
    first_index, rank, rows = top
    # Lua writes an empty list as an empty object.
    return RankingMessage(number, epoch, seq, total, (first_index, rank, rows or ()))


def find_top(redis: RedisClient, *, ranking_no: int, order: Order) -> PlacedTop | None:
    """Return the first rows, read together with their position; None while not trusted.

    Raises ValueError for a damaged member.
    """
    answer = redis.run_script(
        "rankings/read_top",
        [keys.ranking(ranking_no), keys.board_rows(GLOBAL_BOARD)],
        [*order_arguments(order), TOP_SIZE, new_epoch(), keys.RANKING_POSITION_TTL_SECONDS],
    )
    if answer is None:
        return None
    epoch, seq, total, span = answer
    return PlacedTop(epoch, seq, total, read_span(span, order))


def _write_entry(ranking_no: int, order: Order) -> bytes:
    return orjson.dumps([ranking_no, order.ties, order.group_bytes])


def _read_entry(entry: str) -> tuple[int, Order]:
    number, ties, group_bytes = orjson.loads(entry)
    return number, Order(TieRule(ties), group_bytes)
