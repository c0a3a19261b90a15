"""Rankings: every board's rows are what the ledger gives, and Redis has those that are read there.

Works while actions are processed: SQL is compared in one snapshot, and a ranking that differs in
Redis is compared again until both agree, or until the time within which they must is over. Without
boards it is one statement. Called by `verifying.py`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from domain.errors import ArchiveUnreadableError, RedisUnavailableError
from domain.rankings.ledger.replaying import compare, list_rules, open_ledger
from domain.rankings.model import BoardVersion, VersionState
from domain.rankings.sets.rebuild import list_untrusted
from domain.rankings.sets.walking import in_parts, list_strangers, user_of, walk
from domain.store.postgres.rankings.catalog import read_catalog
from domain.store.postgres.rankings.set_rows import (
    OpenRanking,
    SetRow,
    find_set_rows,
    list_open_rankings,
)
from domain.store.redis.contents.rankings import (
    StoredRow,
    find_stale_members,
    iterate_members,
    read_rows,
)
from domain.store.store import Store

PROMISED_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.1

Sleep = Callable[[float], None]
Rows = Mapping[str, SetRow]


def check_rankings(
    store: Store, *, archive_path: Path, limit: int, sleep: Sleep = time.sleep
) -> Iterator[str]:
    """Yield a sentence for each row that is not what the ledger gives, and each wrong one in Redis.

    Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        _, counted = read_catalog(connection)
    versions = [version for version in counted if version.state is VersionState.LIVE]
    if not versions:
        return
    yield from _check_ledger(store, archive_path)
    try:
        yield from _check_sets(store, versions, limit, sleep)
    except RedisUnavailableError:
        yield "Redis does not answer: the rankings cannot be compared"


def _check_ledger(store: Store, archive_path: Path) -> Iterator[str]:
    try:
        with open_ledger(store) as connection:
            rules = list_rules(connection)
            compared = compare(connection, rules, archive_path=archive_path, with_scores=False)
    except ArchiveUnreadableError as error:
        yield f"the rankings cannot be compared with the ledger: {error.message}"
        return
    for comparison in compared:
        for sentence in comparison.differences:
            yield f"{comparison.name}, player {sentence}"
        if more := comparison.different - len(comparison.differences):
            yield f"{comparison.name}: {more} more rows are not what the ledger gives"


def _check_sets(
    store: Store, versions: Sequence[BoardVersion], limit: int, sleep: Sleep
) -> Iterator[str]:
    deadline = time.monotonic() + PROMISED_SECONDS
    untrusted = _await_trust(store, versions, deadline, sleep)
    for ranking in untrusted:
        yield f"{_name(ranking)} is not trusted: it was lost and has not been rebuilt"
    lost = {ranking.ranking_no for ranking in untrusted}
    with store.write() as connection:
        rankings = list_open_rankings(connection, versions=versions, now=datetime.now(UTC))
    for part in in_parts([each for each in rankings if each.ranking_no not in lost]):
        by_number = {ranking.ranking_no: ranking for ranking in part}
        for number, users in _find_differing(store, by_number, limit).items():
            found = _await_agreement(store, number, users, deadline, sleep)
            for user, (row, stored) in found.items():
                yield f"{_name(by_number[number])}: player {user} {_describe(row, stored)}"


def _await_trust(
    store: Store, versions: Sequence[BoardVersion], deadline: float, sleep: Sleep
) -> list[OpenRanking]:
    while True:
        untrusted = list_untrusted(store, versions=versions, now=datetime.now(UTC))
        if not untrusted or time.monotonic() >= deadline:
            return untrusted
        sleep(LOOK_EVERY_SECONDS)


def _find_differing(
    store: Store, rankings: Mapping[int, OpenRanking], limit: int
) -> dict[int, list[str]]:
    """Return by ranking up to about `limit` players who are not in Redis as they are in SQL."""
    differing: dict[int, list[str]] = {}
    for chunk in walk(store, list(rankings)):
        for number, rows in chunk.items():
            users = [row.user_id for row in rows]
            stored = read_rows(store.redis, ranking_no=number, user_ids=users)
            wrong = [row.user_id for row in rows if not _agrees(row, stored.get(row.user_id))]
            if wrong:
                differing.setdefault(number, []).extend(wrong)
        if sum(map(len, differing.values())) >= limit:
            return differing
    for number in rankings:
        for members in iterate_members(store.redis, ranking_no=number):
            strangers = _list_misplaced(store, number, members)
            if strangers:
                differing.setdefault(number, []).extend(strangers)
    return differing


def _await_agreement(
    store: Store, number: int, users: Sequence[str], deadline: float, sleep: Sleep
) -> dict[str, tuple[SetRow | None, StoredRow | None]]:
    """Compare these players again, with their rows of now, until they agree or the time is over."""
    while True:
        with store.write() as connection:
            rows = find_set_rows(connection, ranking_no=number, user_ids=users)
        stored = read_rows(store.redis, ranking_no=number, user_ids=users)
        left = {
            user: (rows.get(user), stored.get(user))
            for user in users
            if not _agrees(rows.get(user), stored.get(user))
        }
        if not left or time.monotonic() >= deadline:
            return left
        users = list(left)
        sleep(LOOK_EVERY_SECONDS)


def _list_misplaced(store: Store, number: int, members: Sequence[str]) -> list[str]:
    """Return the players of members of whom SQL, or the set's own rows, know nothing."""
    unknown = list_strangers(store, number, members)
    stale = find_stale_members(store.redis, ranking_no=number, members=members)
    return sorted({user_of(member) for member in (*unknown, *stale)})


def _agrees(row: SetRow | None, stored: StoredRow | None) -> bool:
    """Return whether the stored row is this one or a later version of it."""
    if row is None or stored is None:
        return row is None and stored is None
    if stored.version > row.version:
        return True
    return stored.is_placed and (stored.version, stored.member) == (row.version, row.member)


def _describe(row: SetRow | None, stored: StoredRow | None) -> str:
    if row is None:
        return "is in Redis and has no row"
    if stored is None:
        return "is not in Redis"
    if stored.version != row.version:
        return f"has version {stored.version} in Redis and is at {row.version}"
    return "is misplaced in Redis"


def _name(ranking: OpenRanking) -> str:
    return f"ranking {ranking.ranking_no} of board {ranking.version.definition.id}"
