"""Compares the sorted sets of rankings with SQL; called by the keeper.

What is behind is written again. No write repairs a misplaced row (its version is right, its place
is not) or a member too many: then the ranking loses its trust and is rebuilt.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.rankings.model import BoardVersion
from domain.rankings.sets.walking import (
    describe_kinds,
    in_parts,
    list_strangers,
    to_write,
    user_of,
    walk,
)
from domain.store.postgres.rankings.set_rows import (
    OpenRanking,
    SetRow,
    list_open_rankings,
)
from domain.store.redis import rankings as sets
from domain.store.redis.contents.rankings import (
    StoredRow,
    find_stale_members,
    iterate_members,
    read_rows,
)
from domain.store.store import Store

SECOND_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RankingsComparison:
    """What a walk over all rankings found: rows in SQL, rows written again, unsound rankings.

    An unsound one is no longer trusted.
    """

    rankings: int
    rows: int
    repaired: int
    unsound: tuple[int, ...]


def compare_rankings(
    store: Store, *, versions: Sequence[BoardVersion], now: datetime
) -> RankingsComparison:
    """Compare every row of these versions' rankings that are read from Redis with the stored one.

    Rankings that Redis has lost are left to the rebuild. Raises DatabaseUnavailableError and
    RedisUnavailableError.
    """
    with store.write() as connection:
        rankings = list_open_rankings(connection, versions=versions, now=now)
    rows = repaired = 0
    unsound: set[int] = set()
    for part in in_parts(rankings):
        by_number = {ranking.ranking_no: ranking for ranking in part}
        for chunk in walk(store, list(by_number)):
            # What Redis has lost is rebuilt, by the thread that waits for this comparison.
            if not sets.list_trusted(store.redis, rankings=describe_kinds(part)):
                break
            for number, of_one in chunk.items():
                behind, is_sound = _compare_rows(store, by_number[number], of_one)
                rows += len(of_one)
                repaired += behind
                unsound.update(() if is_sound else (number,))
        else:
            unsound.update(number for number in by_number if _has_strangers(store, number))
    sets.distrust(store.redis, ranking_nos=sorted(unsound))
    return RankingsComparison(len(rankings), rows, repaired, tuple(sorted(unsound)))


def _compare_rows(store: Store, ranking: OpenRanking, rows: Sequence[SetRow]) -> tuple[int, bool]:
    """Return how many rows were behind, and written again, and whether none is misplaced."""
    stored = _read(store, rows)
    behind = [row for row in rows if _is_behind(stored, row)]
    if behind:
        sets.write_rankings(store.redis, [to_write(ranking, behind)])
    suspects = [row for row in rows if _is_misplaced(stored, row)]
    if suspects:
        # Read again: a row may have changed between the two reads of its hash and its member.
        stored = _read(store, suspects)
    return len(behind), not any(_is_misplaced(stored, row) for row in suspects)


def _read(store: Store, rows: Sequence[SetRow]) -> dict[str, StoredRow]:
    return read_rows(
        store.redis, ranking_no=rows[0].ranking_no, user_ids=[row.user_id for row in rows]
    )


def _is_behind(stored_rows: Mapping[str, StoredRow], row: SetRow) -> bool:
    stored = stored_rows.get(row.user_id)
    return stored is None or stored.version < row.version


def _is_misplaced(stored_rows: Mapping[str, StoredRow], row: SetRow) -> bool:
    """Return whether the stored row has this row's version, and another place or none."""
    stored = stored_rows.get(row.user_id)
    if stored is None or stored.version != row.version:
        return False
    return not stored.is_placed or stored.member != row.member


def _has_strangers(store: Store, ranking_no: int) -> bool:
    """Return whether the set has members of players whom SQL does not have in the ranking."""
    strangers = [
        member
        for members in iterate_members(store.redis, ranking_no=ranking_no)
        for member in list_strangers(store, ranking_no, members)
    ]
    if not strangers:
        return False
    # Who has just been removed from SQL is removed from the set a moment later.
    time.sleep(SECOND_LOOK_SECONDS)
    left = list_strangers(store, ranking_no, strangers)
    users = [user_of(member) for member in left]
    stored = read_rows(store.redis, ranking_no=ranking_no, user_ids=users)
    return bool(stored) or bool(
        left and find_stale_members(store.redis, ranking_no=ranking_no, members=left)
    )
