"""Moving: a player's rows follow an attribute that a board is split by.

In rankings that are not over; what is over stays as it was. Called by `domain/accounts/changes.py`
in the transaction that changes the attributes.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.rankings.definition import BoardDefinition, TieRule
from domain.rankings.folding import group_size
from domain.rankings.model import BoardVersion, RankingKey
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.moves import (
    MovedRow,
    OpenRanking,
    list_open_rankings,
    lock_player_score,
    move_rows,
    remove_rows,
)
from domain.store.postgres.rankings.numbers import make_rankings
from domain.store.redis.rankings import RankingWrite, RowWrite
from domain.store.store import Connection

Attributes = Mapping[str, str]


def move_player(
    connection: Connection, *, user_id: UUID, old: Attributes, new: Attributes, now: datetime
) -> list[RankingWrite]:
    """Move the player's rows to where the new attributes place them.

    Return what Redis is to be told. A player who has an attribute no more leaves the boards that
    are split by it. The transaction holds the shared lock of the catalog, and the player's row with
    the attributes.
    """
    changed = {name for name in old if old[name] != new.get(name)}
    versions = [
        version
        for version in list_counted_versions(connection)
        if version.definition.segment and version.definition.segment.attribute in changed
    ]
    if not versions:
        return []
    lock_player_score(connection, user_id=user_id)
    writes: list[RankingWrite] = []
    for name in sorted(changed):
        split = [version for version in versions if _attribute(version) == name]
        rankings = list_open_rankings(
            connection,
            version_nos=[version.number for version in split],
            segment=old[name],
            user_id=user_id,
        )
        moved = _move(connection, user_id, rankings, new.get(name))
        writes += _list_writes(split, rankings, moved, str(user_id), now)
    return writes


def _attribute(version: BoardVersion) -> str | None:
    segment = version.definition.segment
    return segment.attribute if segment else None


def _move(
    connection: Connection, user_id: UUID, rankings: Sequence[OpenRanking], segment: str | None
) -> list[MovedRow]:
    if not rankings:
        return []
    if segment is None:
        numbers = [ranking.number for ranking in rankings]
        return remove_rows(connection, user_id=user_id, ranking_nos=numbers)
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
        yield _to_write(definition, row.source, gone, now)
        if row.target is not None:
            there = RowWrite(user_id, row.member, row.version, row.updated_ms)
            yield _to_write(definition, row.target, there, now)


def _to_write(
    definition: BoardDefinition, number: int, row: RowWrite, now: datetime
) -> RankingWrite:
    day = now.astimezone(definition.time_zone).date().isoformat()
    is_dense = definition.ties is TieRule.DENSE
    return RankingWrite(number, is_dense, group_size(definition), day, [row])
