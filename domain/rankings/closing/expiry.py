"""Expiry: players fall on rolling boards when a bucket of their actions leaves the window.

In chunks, each of which ends whole or is done again: first the rows, then Redis, and the buckets
last, because they say what is still to be done. Called by the keeper.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from domain.boards.model import to_milliseconds
from domain.errors import DatabaseLockedError, RedisUnavailableError, TransientError
from domain.rankings.definition import BoardDefinition, TieRule
from domain.rankings.folding import group_size, merge_all, sort_key
from domain.rankings.model import Tally
from domain.rankings.periods import day_label, window_start
from domain.store.postgres.rankings.closing import expiry as rows_of
from domain.store.postgres.rankings.closing.expiry import Bucket, RollingRanking
from domain.store.postgres.transactions import read_clock, read_in_order_of_index
from domain.store.redis.rankings import RankingWrite, RowWrite, write_rankings
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

CHUNK_PLAYERS = 500
_BEFORE_ALL = (datetime.min.replace(tzinfo=UTC), "00000000-0000-0000-0000-000000000000")


@dataclass(frozen=True, slots=True)
class ChunkOutcome:
    """How many players of a chunk lost a bucket; without `is_done` they are due again."""

    players: int
    is_done: bool


def expire_buckets(store: Store, *, now: datetime | None = None) -> Iterator[ChunkOutcome]:
    """Let the buckets that have left by `now` no longer count, on every rolling board.

    Without `now`, by PostgreSQL's clock. Costs the players of those buckets, not those of the
    boards. While Redis is away the rows are right, and it is told later. A ranking that fails, or
    where a player stays locked, is left to the next call. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        versions = rows_of.list_rolling(connection)
        if versions and now is None:
            now = read_clock(connection)
    for version_no, definition in versions:
        assert now is not None
        before = window_start(definition, now)
        with store.write() as connection:
            due = rows_of.list_due_rankings(connection, version_no=version_no, before=before)
        for number in due:
            yield from _try_ranking(store, RollingRanking(number, definition), before, now)


def _try_ranking(
    store: Store, ranking: RollingRanking, before: datetime, now: datetime
) -> Iterator[ChunkOutcome]:
    try:
        yield from _expire_ranking(store, ranking, before, now)
    except DatabaseLockedError:
        logger.warning("expiry put off", ranking=ranking.ranking_no)
    except TransientError:
        raise
    except Exception:  # the players of other boards fall all the same
        logger.exception("expiry failed", ranking=ranking.ranking_no)


def _expire_ranking(
    store: Store, ranking: RollingRanking, before: datetime, now: datetime
) -> Iterator[ChunkOutcome]:
    after = _BEFORE_ALL
    while True:
        with store.write() as connection:
            read_in_order_of_index(connection)
            leaving = rows_of.list_leaving(
                connection,
                ranking_no=ranking.ranking_no,
                before=before,
                after=after,
                limit=CHUNK_PLAYERS,
            )
        if leaving:
            users = list(dict.fromkeys(user_id for _, user_id in leaving))
            yield expire_chunk(store, ranking=ranking, user_ids=users, before=before, now=now)
        if len(leaving) < CHUNK_PLAYERS:
            return
        after = leaving[-1]


def expire_chunk(
    store: Store,
    *,
    ranking: RollingRanking,
    user_ids: Sequence[str],
    before: datetime,
    now: datetime,
) -> ChunkOutcome:
    """Let these players' buckets before a moment no longer count."""
    # Lazily: what is lost in a crash is done again, because the buckets are there again.
    with store.lazy() as connection:
        rows_of.lock_players(connection, user_ids=user_ids)
        found = rows_of.list_buckets(connection, ranking_no=ranking.ranking_no, user_ids=user_ids)
        writes = _write_rows(connection, ranking, user_ids, found, before)
    gone = [bucket for bucket in found if bucket.bucket_at < before]
    try:
        _write_redis(store, ranking, writes, now)
    except RedisUnavailableError:
        logger.warning("expiry not shown yet", ranking=ranking.ranking_no, players=len(user_ids))
        return ChunkOutcome(len(user_ids), False)
    with store.lazy() as connection:
        rows_of.delete_buckets(connection, ranking_no=ranking.ranking_no, buckets=gone)
    return ChunkOutcome(len(user_ids), True)


def _write_rows(
    connection: Connection,
    ranking: RollingRanking,
    user_ids: Sequence[str],
    found: Sequence[Bucket],
    before: datetime,
) -> list[RowWrite]:
    """Write what the players' remaining buckets come to; return their rows for Redis."""
    number, definition = ranking
    left = _sum_up(definition, [bucket for bucket in found if bucket.bucket_at >= before])
    stored = rows_of.read_rows(connection, ranking_no=number, user_ids=user_ids)
    keys = {user_id: sort_key(definition, tally) for user_id, tally in left.items()}
    # Some are right already: their chunk was begun by a process that died, or Redis was away.
    same = {user_id for user_id, tally in left.items() if _has(stored.get(user_id), tally)}
    writes = [
        _row(user_id, keys[user_id], stored[user_id].version, stored[user_id].last_updated)
        for user_id in same
    ]
    changed = {user_id: tally for user_id, tally in left.items() if user_id not in same}
    if changed:
        written = rows_of.write_rows(
            connection,
            ranking_no=number,
            tallies=changed,
            sort_keys=keys,
            times={user_id: _time(stored.get(user_id), left[user_id]) for user_id in changed},
            since=before,
        )
        writes += [_row(user_id, keys[user_id], *facts) for user_id, facts in written.items()]
    if gone := [user_id for user_id in user_ids if user_id not in left]:
        versions = rows_of.remove_rows(connection, ranking_no=number, user_ids=gone)
        writes += [_row(user_id, None, version, before) for user_id, version in versions.items()]
    return writes


def _sum_up(definition: BoardDefinition, buckets: Sequence[Bucket]) -> dict[str, Tally]:
    by_user: Mapping[str, list[Tally]] = defaultdict(list)
    for bucket in buckets:
        by_user[bucket.user_id].append(bucket.tally)
    return {user_id: merge_all(definition, tallies) for user_id, tallies in by_user.items()}


def _has(stored: rows_of.StoredRow | None, tally: Tally) -> bool:
    return stored is not None and stored.tally == tally


def _time(stored: rows_of.StoredRow | None, tally: Tally) -> datetime | None:
    """Return the row's time if the same action decides it as before."""
    if stored is None or stored.tally.reached_seq != tally.reached_seq:
        return None
    return stored.last_updated


def _row(user_id: str, key: bytes | None, version: int, updated: datetime) -> RowWrite:
    member = None if key is None else key.hex()
    return RowWrite(user_id, member, version, to_milliseconds(updated))


def _write_redis(
    store: Store, ranking: RollingRanking, writes: Sequence[RowWrite], now: datetime
) -> None:
    definition = ranking.definition
    write_rankings(
        store.redis,
        [
            RankingWrite(
                ranking.ranking_no,
                definition.ties is TieRule.DENSE,
                group_size(definition),
                day_label(definition, now),
                writes,
            )
        ],
    )
