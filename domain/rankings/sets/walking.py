"""Walks over the rows of rankings in SQL, several rankings at a time; called by its neighbours."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from domain.rankings.definition import TieRule
from domain.rankings.folding import group_size
from domain.store.postgres.rankings.set_rows import (
    OpenRanking,
    SetRow,
    find_set_rows,
    list_set_rows,
)
from domain.store.redis.rankings import RankingWrite, RowWrite
from domain.store.store import Store

ROWS_AT_ONCE = 500
RANKINGS_AT_ONCE = 20

RowsByRanking = Mapping[int, Sequence[SetRow]]


def is_dense(ranking: OpenRanking) -> bool:
    """Return whether the ties of the ranking rank densely."""
    return ranking.version.definition.ties is TieRule.DENSE


def describe_kinds(rankings: Sequence[OpenRanking]) -> dict[int, bool]:
    """Return by number whether each ranking's ties rank densely."""
    return {ranking.ranking_no: is_dense(ranking) for ranking in rankings}


def in_parts(rankings: Sequence[OpenRanking]) -> Iterator[Sequence[OpenRanking]]:
    """Yield the rankings in parts that are walked together."""
    for start in range(0, len(rankings), RANKINGS_AT_ONCE):
        yield rankings[start : start + RANKINGS_AT_ONCE]


def walk(store: Store, ranking_nos: Collection[int]) -> Iterator[RowsByRanking]:
    """Yield the rows of the rankings in chunks, from the primary.

    A replica's would seem to be behind. Raises DatabaseUnavailableError.
    """
    after: dict[int, str | None] = dict.fromkeys(ranking_nos)
    while after:
        with store.write() as connection:
            rows = list_set_rows(connection, after=after, limit=ROWS_AT_ONCE)
        found = {number: list(group) for number, group in groupby(rows, lambda row: row.ranking_no)}
        if found:
            yield found
        after = {
            number: group[-1].user_id
            for number, group in found.items()
            if len(group) == ROWS_AT_ONCE
        }


def list_strangers(store: Store, ranking_no: int, members: Sequence[str]) -> list[str]:
    """Return those of these members of a set of whose players SQL knows nothing in the ranking."""
    users = {member: user_of(member) for member in members}
    with store.write() as connection:
        known = find_set_rows(connection, ranking_no=ranking_no, user_ids=[*users.values()])
    return [member for member, user in users.items() if user not in known]


def user_of(member: str) -> str:
    """Return the user's id in a member of a set, which it ends."""
    return member.rpartition(":")[2]


def to_write(ranking: OpenRanking, rows: Sequence[SetRow]) -> RankingWrite:
    """Return what the script needs to write these rows; the start of the day is not known."""
    definition = ranking.version.definition
    return RankingWrite(
        ranking.ranking_no,
        is_dense(ranking),
        group_size(definition),
        "",
        [RowWrite(row.user_id, row.member, row.version, row.updated_ms) for row in rows],
    )
