"""The rows around the players who follow them in a ranking, read for many players at once.

Called by the live process; `reader.py` reads for one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from domain.boards.model import AroundAsked
from domain.rankings.reads.reader import (
    RankingNeighborhood,
    describe_surroundings,
    read_surroundings_from_sql,
)
from domain.rankings.reads.standings import ReadRanking
from domain.store.answering import set_or_sql
from domain.store.redis import bulk_reads
from domain.store.redis.bulk_reads import MAX_AROUND, MarkedSurroundings
from domain.store.store import Store


class MarkedNeighborhood(NamedTuple):
    """The rows around one player, and the mark of what Redis answered; "" from SQL."""

    mark: str
    found: RankingNeighborhood


def find_neighborhoods(
    store: Store, *, ranking: ReadRanking, asked: Sequence[AroundAsked]
) -> list[MarkedNeighborhood | None]:
    """Return the rows around each of up to MAX_AROUND players; None for what its mark knows.

    Nothing is told of the top and of the start of the day. Raises DatabaseUnavailableError without
    both stores.
    """
    assert len(asked) <= MAX_AROUND
    if ranking.revision:
        found = _read_from_sql(store, ranking, asked)
    else:
        found = set_or_sql(
            lambda: bulk_reads.find_surroundings(
                store.redis, ranking_no=ranking.number, order=ranking.order, asked=asked
            ),
            lambda: _read_from_sql(store, ranking, asked),
        )
    return [
        MarkedNeighborhood(each.mark, describe_surroundings(store, ranking, each.found))
        if each
        else None
        for each in found
    ]


def _read_from_sql(
    store: Store, ranking: ReadRanking, asked: Sequence[AroundAsked]
) -> list[MarkedSurroundings | None]:
    return [
        MarkedSurroundings(
            "", read_surroundings_from_sql(store, ranking, each.user_id, each.neighbors, 0)
        )
        for each in asked
    ]
