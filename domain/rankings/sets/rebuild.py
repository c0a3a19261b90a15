"""Rebuilds the sorted sets of rankings from SQL, and forgets those of periods that are over.

Called by the keeper. All rows go through the script that refuses older versions, so refreshes may
write at any time.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from domain.rankings.model import BoardVersion
from domain.rankings.sets.walking import describe_kinds, in_parts, to_write, walk
from domain.store.patience import write_patiently
from domain.store.postgres.rankings.set_rows import (
    OpenRanking,
    list_closed_rankings,
    list_open_rankings,
)
from domain.store.redis import rankings as sets
from domain.store.store import Store

# Of one call of a script that asks for each.
ASKED_AT_ONCE = 500


def list_untrusted(
    store: Store, *, versions: Sequence[BoardVersion], now: datetime
) -> list[OpenRanking]:
    """Return the rankings of these versions that are read from Redis and not complete there.

    Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    with store.write() as connection:
        rankings = list_open_rankings(connection, versions=versions, now=now)
    untrusted: list[OpenRanking] = []
    for start in range(0, len(rankings), ASKED_AT_ONCE):
        asked = rankings[start : start + ASKED_AT_ONCE]
        trusted = sets.list_trusted(store.redis, rankings=describe_kinds(asked))
        untrusted += [ranking for ranking in asked if ranking.ranking_no not in trusted]
    return untrusted


def rebuild_rankings(store: Store, rankings: Sequence[OpenRanking]) -> int:
    """Empty these rankings' sets, fill them from SQL and declare them complete; return how many.

    Where Redis loses data meanwhile the set stays untrusted, and the caller rebuilds it again.
    Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    return sum(_rebuild_part(store, part) for part in in_parts(rankings))


def forget_closed(store: Store, *, since: datetime | None, until: datetime) -> int:
    """Delete the sets of the periods that ended in this span; return how many rankings these are.

    Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    with store.write() as connection:
        closed = list_closed_rankings(connection, since=since, until=until)
    for start in range(0, len(closed), ASKED_AT_ONCE):
        sets.forget(store.redis, ranking_nos=closed[start : start + ASKED_AT_ONCE])
    return len(closed)


def _rebuild_part(store: Store, rankings: Sequence[OpenRanking]) -> int:
    by_number = {ranking.ranking_no: ranking for ranking in rankings}
    token = sets.begin_rebuild(store.redis, ranking_nos=list(by_number))
    for rows in walk(store, list(by_number)):
        whole = sets.continue_rebuild(store.redis, ranking_nos=list(rows), token=token)
        writes = [
            to_write(by_number[number], of_one)
            for number, of_one in rows.items()
            if number in whole
        ]
        write_patiently(partial(sets.write_rankings, store.redis, writes))
    return len(sets.finish_rebuild(store.redis, ranking_nos=list(by_number), token=token))
