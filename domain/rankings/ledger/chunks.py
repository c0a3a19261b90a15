"""Chunks of a build: some players are folded without a lock, and written under their locks.

Called by `building.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import DatabaseConflictError
from domain.rankings.counting import BoardRule
from domain.rankings.definition import PeriodKind
from domain.rankings.folding import Place, sort_key
from domain.rankings.ledger.existing import bounded_versions
from domain.rankings.ledger.folded import FoldedPlayer, fold
from domain.rankings.ledger.reading import ArchiveReader, group_by_player, list_chunk
from domain.rankings.model import CountedAction, RankingKey, Tally
from domain.store.postgres.archives import ArchivedPartition, list_archived_partitions
from domain.store.postgres.rankings.buckets import BucketKey, write_buckets
from domain.store.postgres.rankings.ledger.actions import (
    Span,
    hold_months,
    iterate_applied,
    list_applied,
    lock_players,
)
from domain.store.postgres.rankings.ledger.built_rows import (
    BuiltRow,
    clear_buckets,
    write_built_rows,
)
from domain.store.postgres.rankings.numbers import KnownRanking, make_rankings
from domain.store.postgres.transactions import read_one_moment
from domain.store.store import Connection

Numbers = Mapping[RankingKey, KnownRanking]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The players behind `after`, folded as of one moment, and the archives of that moment."""

    after: UUID | None
    folded: Sequence[FoldedPlayer]
    archived: Sequence[CountedAction] = ()
    months: Sequence[ArchivedPartition] = ()

    @property
    def last(self) -> UUID | None:
        """The last player of the chunk; None when there is no player left."""
        return self.folded[-1].player.user_id if self.folded else None


class ChunkBuilder:
    """Reads and writes the rows of one version, a chunk of players at a time."""

    def __init__(self, rule: BoardRule, archives: ArchiveReader, *, span: Span, now: datetime):
        self._rule = rule
        self._archives = archives
        self._span = span
        self._now = now
        self._with_metadata = rule.definition.reads_metadata

    def read(self, connection: Connection, *, after: UUID | None) -> Chunk:
        """Fold the players behind `after`; no lock is held: one with many actions takes its time.

        The transaction's first work. Raises ArchiveUnreadableError.
        """
        read_one_moment(connection)
        hold_months(connection)
        players = list_chunk(connection, after=after)
        if not players:
            return Chunk(after, ())
        last = players[-1].user_id
        archived = list(self._archives.take(connection, after=after, last=last))
        live = iterate_applied(
            connection,
            after=after,
            last=last,
            span=self._span,
            with_metadata=self._with_metadata,
        )
        folded = [
            fold([self._rule], player, actions, now=self._now)
            for player, actions in group_by_player(players, archived, live)
        ]
        return Chunk(after, folded, archived, list_archived_partitions(connection))

    def write(self, connection: Connection, chunk: Chunk) -> None:
        """Write the rows of the chunk's players as the ledger says they are now.

        Raises DatabaseConflictError when a month was archived since the chunk was read.
        """
        folded = list(self._lock(connection, chunk))
        places = {place for each in folded for place in each.found.tallies}
        numbers = make_rankings(
            connection,
            wanted={_key(place): (place[1].start, place[1].end) for place in places},
            bounded=bounded_versions([self._rule]),
        )
        rows = [row for each in folded for row in self._rows(each, numbers)]
        write_built_rows(connection, rows=rows)
        if self._rule.definition.period.kind is PeriodKind.ROLLING:
            clear_buckets(
                connection,
                ranking_nos=[ranking.number for ranking in numbers.values()],
                user_ids=[str(each.player.user_id) for each in folded],
            )
            buckets = dict(bucket for each in folded for bucket in _buckets(each, numbers))
            write_buckets(connection, buckets=buckets)

    def _lock(self, connection: Connection, chunk: Chunk) -> Iterator[FoldedPlayer]:
        """Lock the players, and fold those again for whom something has changed meanwhile."""
        ids = [each.player.user_id for each in chunk.folded]
        now = {player.user_id: player for player in lock_players(connection, user_ids=ids)}
        changed = [
            now[each.player.user_id]
            for each in chunk.folded
            if now[each.player.user_id] != each.player
        ]
        yield from (each for each in chunk.folded if now[each.player.user_id] == each.player)
        if not changed:
            return
        hold_months(connection)
        if list_archived_partitions(connection) != chunk.months:
            raise DatabaseConflictError("a month was archived while players were folded")
        live = list_applied(
            connection,
            user_ids=[player.user_id for player in changed],
            span=self._span,
            with_metadata=self._with_metadata,
        )
        names = {str(player.user_id) for player in changed}
        archived = [action for action in chunk.archived if action.user_id in names]
        for player, actions in group_by_player(changed, archived, live):
            yield fold([self._rule], player, actions, now=self._now)

    def _rows(self, each: FoldedPlayer, numbers: Numbers) -> Iterator[BuiltRow]:
        for place, tally in each.found.tallies.items():
            ranking = numbers.get(_key(place))
            if ranking is None:
                continue
            yield BuiltRow(
                ranking.number,
                str(each.player.user_id),
                tally,
                sort_key(self._rule.definition, tally),
                each.accepted[tally.reached_seq],
            )


def _buckets(each: FoldedPlayer, numbers: Numbers) -> Iterator[tuple[BucketKey, Tally]]:
    for (place, bucket_at), tally in each.found.buckets.items():
        if ranking := numbers.get(_key(place)):
            yield (ranking.number, bucket_at, str(each.player.user_id)), tally


def _key(place: Place) -> RankingKey:
    version_no, period, segment = place
    return RankingKey(version_no, period.key, segment)
