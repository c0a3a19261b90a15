"""Pages of a ranking: from the sorted set while it is trusted, else from SQL.

While players move, the pages behind the first one are of an order that Redis keeps for them, a
walk; a sealed ranking is read from SQL, as it was in a revision. Called by the API's routes.
"""

from dataclasses import dataclass

from domain.errors import CursorExpiredError
from domain.rankings.reads.naming import name_standings
from domain.rankings.reads.standings import (
    Order,
    Place,
    PlacedRow,
    RankingStanding,
    ReadRanking,
    Span,
    rank_behind,
)
from domain.store.answering import set_or_sql
from domain.store.postgres.rankings.reads import standings as sql
from domain.store.postgres.rankings.reads.lookups import count_sealed_rows
from domain.store.postgres.transactions import read_one_moment
from domain.store.redis import ranking_reads as sets
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where the next page begins: behind a row with this index from 0, rank and place.

    `walk_id` names the kept order that the page is of; without one it is of the order of then.
    """

    ranking_no: int
    revision: int
    walk_id: str | None
    index: int
    rank: int
    place: Place


@dataclass(frozen=True, slots=True)
class RankingPage:
    """Standings that follow each other, how many there are in all, and where the next ones are."""

    total: int
    standings: tuple[RankingStanding, ...]
    continuation: Continuation | None


def read_page(
    store: Store, *, ranking: ReadRanking, after: Continuation | None, limit: int
) -> RankingPage:
    """Return the first standings, or those behind a continuation of this ranking.

    Raises CursorExpiredError when the order that it is of is not kept any more,
    RedisUnavailableError when that order cannot be read now, and DatabaseUnavailableError.
    """
    if after is not None and after.walk_id is not None:
        # Also when the ranking has been sealed meanwhile: the order of the first page goes on.
        return _read_walk(store, ranking._replace(revision=0), after, after.walk_id, limit)
    if ranking.revision:
        return _read_sealed(store, ranking, after, limit)
    if after is None:
        found = set_or_sql(
            lambda: sets.find_first(
                store.redis, ranking_no=ranking.number, order=ranking.order, limit=limit
            ),
            lambda: _read_first_from_sql(store, ranking, limit),
        )
        return _make_page(store, ranking, found.total, found.span, found.walk_id)
    total, span = set_or_sql(
        lambda: sets.find_page(
            store.redis,
            ranking_no=ranking.number,
            order=ranking.order,
            after=after.place,
            limit=limit,
        ),
        lambda: _read_page_from_sql(store, ranking, after.place, limit),
    )
    return _make_page(store, ranking, total, span, None)


def _read_walk(
    store: Store, ranking: ReadRanking, after: Continuation, walk_id: str, limit: int
) -> RankingPage:
    found = sets.find_walk_page(
        store.redis,
        ranking_no=ranking.number,
        order=ranking.order,
        walk_id=walk_id,
        index=after.index,
        limit=limit,
    )
    if found is None:
        raise CursorExpiredError
    total, rows = found
    return _make_page(store, ranking, total, _span_behind(ranking.order, after, rows), walk_id)


def _read_sealed(
    store: Store, ranking: ReadRanking, after: Continuation | None, limit: int
) -> RankingPage:
    """Return a page of a revision, in which nothing moves: no row ahead has to be counted."""
    number, revision = ranking.number, ranking.revision
    with store.read() as connection:
        read_one_moment(connection)
        total = count_sealed_rows(connection, ranking_no=number, revision=revision)
        if total is None:
            total = sql.count_rows(connection, ranking_no=number, revision=revision)
        if after is None:
            span = sql.list_first(connection, ranking_no=number, limit=limit, revision=revision)
        elif after.revision == revision:
            rows = sql.list_behind(
                connection, ranking_no=number, after=after.place, limit=limit, revision=revision
            )
            span = _span_behind(ranking.order, after, rows)
        else:
            span = sql.find_page(
                connection,
                ranking_no=number,
                order=ranking.order,
                after=after.place,
                limit=limit,
                revision=revision,
            )
    return _make_page(store, ranking, total, span, None)


def _span_behind(order: Order, after: Continuation, rows: tuple[PlacedRow, ...]) -> Span:
    if not rows:
        return Span(after.index, 0, ())
    rank = rank_behind(
        order,
        last_rank=after.rank,
        index=after.index,
        last=after.place.sort_key,
        first=rows[0].sort_key,
    )
    return Span(after.index, rank, rows)


def _make_page(
    store: Store, ranking: ReadRanking, total: int, span: Span, walk_id: str | None
) -> RankingPage:
    standings = name_standings(store, ranking, span)
    index = span.first_index + len(span.rows)
    if not standings or index >= total:
        return RankingPage(total, standings, None)
    last = span.rows[-1]
    following = walk_id if index < sets.WALK_ROWS else None
    continuation = Continuation(
        ranking.number,
        ranking.revision,
        following,
        index,
        standings[-1].rank,
        Place(last.sort_key, last.user_id),
    )
    return RankingPage(total, standings, continuation)


def _read_first_from_sql(store: Store, ranking: ReadRanking, limit: int) -> sets.FirstRows:
    with store.read() as connection:
        read_one_moment(connection)
        span = sql.list_first(connection, ranking_no=ranking.number, limit=limit)
        total = len(span.rows)
        if total == limit:
            total = sql.count_rows(connection, ranking_no=ranking.number)
    return sets.FirstRows(total, None, span)


def _read_page_from_sql(
    store: Store, ranking: ReadRanking, after: Place, limit: int
) -> tuple[int, Span]:
    with store.read() as connection:
        read_one_moment(connection)
        span = sql.find_page(
            connection, ranking_no=ranking.number, order=ranking.order, after=after, limit=limit
        )
        return sql.count_rows(connection, ranking_no=ranking.number), span
