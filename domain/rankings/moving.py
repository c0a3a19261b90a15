"""Moving: a player's rows follow an attribute that a board is split by.

In rankings that are not over; what is over stays as it was. Called by `domain/accounts/changes.py`
in the transaction that changes the attributes.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from domain.rankings.belonging import History, last_value
from domain.rankings.definition import BoardDefinition, TieRule
from domain.rankings.folding import group_size
from domain.rankings.model import BoardVersion, RankingKey
from domain.rankings.periods import day_label
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.moves import (
    MovedRow,
    OpenRanking,
    list_open_rankings,
    move_rows,
)
from domain.store.postgres.rankings.numbers import make_rankings
from domain.store.redis.rankings import RankingWrite, RowWrite
from domain.store.store import Connection


def move_player(
    connection: Connection, *, user_id: UUID, changes: History, at: datetime, now: datetime
) -> list[RankingWrite]:
    """Move the player's rows to where the last of these changes, which is of `at`, places them.

    A value that is removed moves nothing: the rows wait for the next one. Return what Redis is to
    be told. The transaction holds the catalog's shared lock and the player's score.
    """
    moves = {
        name: (source, target)
        for name, (*before, change) in changes.items()
        if (source := last_value(before)) is not None
        and (target := change.value) not in (None, source)
    }
    if not moves:
        return []
    versions = list_counted_versions(connection)
    writes: list[RankingWrite] = []
    for name, (source, target) in moves.items():
        split = [version for version in versions if _attribute(version) == name]
        rankings = list_open_rankings(
            connection,
            version_nos=[version.number for version in split],
            segment=source,
            user_id=user_id,
            at=at,
        )
        moved = _move(connection, user_id, rankings, target) if rankings else []
        writes += _list_writes(split, rankings, moved, str(user_id), now)
    return writes


def _attribute(version: BoardVersion) -> str | None:
    segment = version.definition.segment
    return segment.attribute if segment else None


def _move(
    connection: Connection, user_id: UUID, rankings: Sequence[OpenRanking], segment: str
) -> list[MovedRow]:
    keys = {
        ranking.number: RankingKey(ranking.version_no, ranking.period_key, segment)
        for ranking in rankings
    }
    bounds = {keys[ranking.number]: (ranking.start, ranking.end) for ranking in rankings}
    found = make_rankings(connection, wanted=bounds)
    targets = {number: found[key].number for number, key in keys.items()}
    return move_rows(connection, user_id=user_id, targets=targets)


def _list_writes(
    versions: Sequence[BoardVersion],
    rankings: Sequence[OpenRanking],
    moved: Sequence[MovedRow],
    user_id: str,
    now: datetime,
) -> Iterator[RankingWrite]:
    definitions = {version.number: version.definition for version in versions}
    by_ranking = {ranking.number: definitions[ranking.version_no] for ranking in rankings}
    for row in moved:
        definition = by_ranking[row.source]
        gone = RowWrite(user_id, None, row.version, row.updated_ms)
        yield to_write(definition, row.source, gone, now)
        there = RowWrite(user_id, row.member, row.version, row.updated_ms)
        yield to_write(definition, row.target, there, now)


def to_write(
    definition: BoardDefinition, number: int, row: RowWrite, now: datetime
) -> RankingWrite:
    """Return what the script is told of a ranking of this board in which one row changes."""
    is_dense = definition.ties is TieRule.DENSE
    day = day_label(definition, now)
    return RankingWrite(number, is_dense, group_size(definition), day, [row])
