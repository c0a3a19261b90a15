"""Boards made of the ledger again beside the stored ones, player by player; pure but for streams.

Called by `replaying.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from domain.rankings.counting import BoardRule
from domain.rankings.definition import BoardDefinition, PeriodKind
from domain.rankings.folding import Place, PlayerTallies, merge_all, sort_key
from domain.rankings.ledger.comparing import ByPlayer, Comparison
from domain.rankings.ledger.existing import ExistingRankings
from domain.rankings.ledger.folded import kept_since
from domain.rankings.model import Period, RankingKey, Tally
from domain.rankings.periods import window_start
from domain.store.postgres.rankings.ledger.scratch import MadeRow
from domain.store.postgres.rankings.ledger.stored_rows import StoredBucket, StoredRanking, StoredRow

# A bucket leaves a rolling board this much late at most, when the keeper is well.
EXPIRY_LAG = timedelta(minutes=5)


class BoardStreams(NamedTuple):
    """What is stored of the boards, in order of player."""

    rows: ByPlayer[StoredRow]
    buckets: ByPlayer[StoredBucket]


class MadeBoards:
    """Compares each player's rows on some boards with those that the ledger gives.

    `live_since` knows when each version became the live one: periods that were over by then were
    built only as far as the board kept them.
    """

    def __init__(
        self,
        rules: Sequence[BoardRule],
        rankings: Iterable[StoredRanking],
        *,
        live_since: Mapping[int, datetime],
        now: datetime,
    ):
        self._rules = {rule.version.number: rule for rule in rules}
        self._now = now
        self._live_since = live_since
        # Called with every row that the ledger gives and that has a ranking.
        self.on_made: Callable[[MadeRow], None] | None = None
        self._since = {
            number: kept_since(rule.definition, now) for number, rule in self._rules.items()
        }
        self.comparisons = {
            number: Comparison(f"board {rule.definition.id}")
            for number, rule in self._rules.items()
        }
        listed = list(rankings)
        self._existing = ExistingRankings(rules, listed)
        self._removed = {ranking.key for ranking in listed if ranking.is_removed}
        found = [each for each in listed if not each.is_removed and self._is_kept(each)]
        self._by_key = {ranking.key: ranking for ranking in found}
        self._by_number = {ranking.ranking_no: ranking for ranking in found}

    @property
    def ranking_nos(self) -> list[int]:
        """The rankings whose rows are compared."""
        return list(self._by_number)

    @property
    def names(self) -> Iterator[tuple[int, str, RankingKey]]:
        """Their boards and keys."""
        for number, ranking in self._by_number.items():
            yield number, str(self._rules[ranking.key.version_no].definition.id), ranking.key

    @property
    def rolling_nos(self) -> list[int]:
        """Those of them that have buckets."""
        return [number for number, each in self._by_number.items() if self._is_rolling(each.key)]

    def compare(self, user_id: str, found: PlayerTallies, streams: BoardStreams) -> None:
        """Compare the next player; players without a row or an action may be left out."""
        self.compare_strangers(streams, before=user_id)
        stored = {self._by_number[row.ranking_no].key: row for row in streams.rows.take(user_id)}
        buckets = self._group(streams.buckets.take(user_id))
        made = {_key(place): (place, tally) for place, tally in found.tallies.items()}
        for key in sorted(made.keys() | stored.keys()):
            place_and_tally = made.get(key)
            if place_and_tally and not self._is_to_be_there(key, place_and_tally[0][1]):
                continue
            row = stored.get(key)
            if self._is_rolling(key):
                self._compare_rolling(user_id, key, found, row, buckets.get(key, {}))
            else:
                tally = place_and_tally[1] if place_and_tally else None
                self._take(user_id, key, tally, row)

    def compare_strangers(self, streams: BoardStreams, *, before: str | None) -> None:
        """Name the rows of players before this one who are not in the ledger; None: of all."""
        for row in streams.rows.take_before(before):
            self._take(row.user_id, self._by_number[row.ranking_no].key, None, row)
        for bucket in streams.buckets.take_before(before):
            key = self._by_number[bucket.ranking_no].key
            self.comparisons[key.version_no].add_difference(
                f"{bucket.user_id}: the bucket of {bucket.bucket_at} is of nobody"
            )

    def _compare_rolling(
        self,
        user_id: str,
        key: RankingKey,
        found: PlayerTallies,
        row: StoredRow | None,
        stored: Mapping[datetime, Tally],
    ) -> None:
        """Compare the buckets, and the row with what they come to.

        A bucket that has just left may still be there.
        """
        definition = self._rules[key.version_no].definition
        start = window_start(definition, self._now)
        late = window_start(definition, self._now - EXPIRY_LAG)
        made = {
            at: tally._replace(attempts=None)
            for (place, at), tally in found.buckets.items()
            if _key(place) == key
        }
        for at in sorted(made.keys() | stored.keys()):
            if at < late or (at < start and at not in stored):
                continue
            if stored.get(at) != made.get(at):
                self.comparisons[key.version_no].add_difference(
                    f"{user_id}: the bucket of {at.isoformat()} is not what the ledger gives"
                )
        self._take(user_id, key, self._sum_buckets(definition, row, stored), row)

    def _sum_buckets(
        self, definition: BoardDefinition, row: StoredRow | None, buckets: Mapping[datetime, Tally]
    ) -> Tally | None:
        """Return what the buckets come to; the row's tally if it is right in another moment.

        A player who is being taken off has the right row already, and the bucket still.
        """
        starts = [window_start(definition, at) for at in (self._now, self._now - EXPIRY_LAG)]
        sums = []
        for start in starts:
            counted = [tally for at, tally in buckets.items() if at >= start]
            sums.append(merge_all(definition, counted) if counted else None)
        is_one = (row and row.tally._replace(attempts=None)) in sums
        return (row and row.tally) if is_one else sums[0]

    def _take(
        self, user_id: str, key: RankingKey, tally: Tally | None, row: StoredRow | None
    ) -> None:
        definition = self._rules[key.version_no].definition
        made = None if tally is None else _line(tally, sort_key(definition, tally))
        stored = None if row is None else _line(row.tally, row.sort_key)
        comparison = self.comparisons[key.version_no]
        comparison.take((user_id, key.period_key, key.segment), made, stored)
        if self.on_made and tally is not None and key in self._by_key:
            number = self._by_key[key].ranking_no
            self.on_made(MadeRow(number, user_id, tally, sort_key(definition, tally)))

    def _group(
        self, buckets: Iterable[StoredBucket]
    ) -> Mapping[RankingKey, Mapping[datetime, Tally]]:
        groups: dict[RankingKey, dict[datetime, Tally]] = {}
        for bucket in buckets:
            key = self._by_number[bucket.ranking_no].key
            groups.setdefault(key, {})[bucket.bucket_at] = bucket.tally
        return groups

    def _is_rolling(self, key: RankingKey) -> bool:
        return self._rules[key.version_no].definition.period.kind is PeriodKind.ROLLING

    def _is_kept(self, ranking: StoredRanking) -> bool:
        since = self._since[ranking.key.version_no]
        return since is None or ranking.period_end is None or ranking.period_end > since

    def _is_to_be_there(self, key: RankingKey, period: Period) -> bool:
        if key in self._removed or self._existing.leave_out(key):
            return False
        if key in self._by_key or period.end is None:
            return True
        since, live = self._since[key.version_no], self._live_since.get(key.version_no)
        is_kept = since is None or period.end > since
        return is_kept and live is not None and period.end > live


def list_lines(
    rules: Mapping[int, BoardRule], found: PlayerTallies
) -> Iterator[tuple[RankingKey, list[Any], Tally, bytes]]:
    """Yield what a player has, in order of board, period and segment: the line, and the order."""
    for place in sorted(found.tallies, key=_key):
        tally = found.tallies[place]
        order = sort_key(rules[place[0]].definition, tally)
        yield _key(place), _line(tally, order), tally, order


def _line(tally: Tally, key: bytes) -> list[Any]:
    line = [tally.value, tally.columns, tally.reached_seq, tally.counted, key.hex()]
    return line if tally.attempts is None else [*line, tally.attempts]


def _key(place: Place) -> RankingKey:
    version_no, period, segment = place
    return RankingKey(version_no, period.key, segment)
