"""SQL of stored projections in order of player, for comparing them with the ledger.

Called by `domain/rankings/ledger`, in a transaction of one moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from domain.rankings.model import RankingKey, Tally
from domain.store.postgres.rankings.ledger.actions import FETCHED_ROWS
from domain.store.postgres.rankings.rows import decode_attempts
from domain.store.postgres.statements import sql


class StoredRanking(NamedTuple):
    """A ranking and the end of its period; the rows of a removed one are gone."""

    ranking_no: int
    key: RankingKey
    period_end: datetime | None
    is_removed: bool


class StoredRow(NamedTuple):
    """A player's row in a ranking."""

    user_id: str
    ranking_no: int
    tally: Tally
    sort_key: bytes


class StoredBucket(NamedTuple):
    """A player's bucket in a rolling ranking."""

    user_id: str
    ranking_no: int
    bucket_at: datetime
    tally: Tally


class StoredScore(NamedTuple):
    """A player's score and statistics, of banned ones too."""

    user_id: str
    score: int
    reached_seq: int | None
    actions: int
    first_at: datetime | None
    last_at: datetime | None


def list_rankings(connection: Connection, *, version_nos: Sequence[int]) -> list[StoredRanking]:
    """Return the rankings of these versions."""
    rows = connection.execute(
        sql(
            "SELECT ranking_no, version_no, period_key, segment, period_end,"
            " removed_at IS NOT NULL FROM rankings"
            " WHERE version_no = ANY(CAST(:versions AS bigint[]))"
        ),
        {"versions": list(version_nos)},
    )
    return [
        StoredRanking(number, RankingKey(version, key, segment), *rest)
        for number, version, key, segment, *rest in rows
    ]


def find_live_since(connection: Connection) -> Mapping[int, datetime]:
    """Return since when each version is or was live."""
    rows = connection.execute(
        sql("SELECT version_no, live_at FROM board_versions WHERE live_at IS NOT NULL")
    )
    return {row.version_no: row.live_at for row in rows}


_TALLY = "r.value, r.columns, r.reached_seq, r.is_moved, r.counted"
# PostgreSQL sorts, on its disk if need be. By the id and not by its text: that has a collation.
_ROWS = f"""
SELECT CAST(r.user_id AS text), r.ranking_no, r.sort_key, CAST(r.attempts AS text), {_TALLY}
FROM ranking_rows r WHERE r.ranking_no = ANY(CAST(:numbers AS bigint[]))
ORDER BY r.user_id, r.ranking_no
"""
_BUCKETS = f"""
SELECT CAST(r.user_id AS text), r.ranking_no, r.bucket_at, {_TALLY}
FROM ranking_buckets r WHERE r.ranking_no = ANY(CAST(:numbers AS bigint[]))
ORDER BY r.user_id, r.ranking_no, r.bucket_at
"""
_SCORES = """
SELECT CAST(s.user_id AS text), s.score, coalesce(s.reached_seq, nullif(s.withheld_seq, 0)),
    s.total_actions, s.first_action, s.last_action
FROM user_scores s WHERE s.reached_seq IS NOT NULL OR s.score <> 0 OR s.total_actions <> 0
    OR s.withheld_seq > 0
ORDER BY s.user_id
"""


def iterate_rows(connection: Connection, *, ranking_nos: Sequence[int]) -> Iterator[StoredRow]:
    """Yield all rows of these rankings in order of player, some at a time."""
    for user_id, number, key, attempts, *tally in _stream(connection, _ROWS, ranking_nos):
        yield StoredRow(user_id, number, _tally(tally, attempts), bytes(key))


def iterate_buckets(
    connection: Connection, *, ranking_nos: Sequence[int]
) -> Iterator[StoredBucket]:
    """Yield all buckets of these rolling rankings in order of player, some at a time."""
    for user_id, number, bucket_at, *tally in _stream(connection, _BUCKETS, ranking_nos):
        yield StoredBucket(user_id, number, bucket_at, _tally(tally, None))


def iterate_scores(connection: Connection) -> Iterator[StoredScore]:
    """Yield the scores and statistics of all players who have any, in order of id."""
    rows = connection.execution_options(stream_results=True, yield_per=FETCHED_ROWS).execute(
        sql(_SCORES)
    )
    for row in rows:
        yield StoredScore(*row)


def _stream(connection: Connection, statement: str, ranking_nos: Sequence[int]) -> Iterator[Any]:
    yield from connection.execution_options(stream_results=True, yield_per=FETCHED_ROWS).execute(
        sql(statement), {"numbers": list(ranking_nos)}
    )


def _tally(columns: Sequence[Any], attempts: str | None) -> Tally:
    value, numbers, reached_seq, is_moved, counted = columns
    return Tally(
        value, tuple(numbers or ()), reached_seq, is_moved, counted, decode_attempts(attempts)
    )
