"""What of a batch counts where: its actions as tallies, ranking by ranking.

Called by `projection.py`, which writes what they come to.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.rankings.catalog import Catalog
from domain.rankings.counting import BoardRule, parse_metadata
from domain.rankings.definition import PeriodKind, Readers
from domain.rankings.model import (
    CountedAction,
    PlayerFacts,
    RankingKey,
    Reason,
    Tally,
    VersionState,
)
from domain.rankings.periods import bucket_at, window_start
from domain.rankings.values import Metadata
from domain.store.postgres.rankings.numbers import KnownRanking
from domain.store.redis.rankings import RowWrite

NOBODY = PlayerFacts({}, {})

Uncounted = dict[int, dict[str, Reason]]
"""By action_no and board: why the action does not count there, although the board is for it."""


@dataclass(slots=True)
class Projection:
    """What a batch has changed: the numbers of the rankings, and what did not count.

    `rows` are the new rows by ranking. `made` are rankings whose numbers may be remembered once the
    transaction is committed.
    """

    rankings: list[int] = field(default_factory=list)
    rows: dict[int, list[RowWrite]] = field(default_factory=dict)
    uncounted: Uncounted = field(default_factory=dict)
    made: dict[RankingKey, KnownRanking] = field(default_factory=dict)


@dataclass(slots=True)
class CountedRanking:
    """A batch's actions that count in one ranking, each as a tally, by user in order of number.

    In a rolling ranking also by bucket and user.
    """

    rule: BoardRule
    bounds: tuple[datetime | None, datetime | None]
    tallies: dict[str, list[Tally]] = field(default_factory=dict)
    buckets: dict[tuple[datetime, str], list[Tally]] = field(default_factory=dict)

    def add(self, user_id: str, tally: Tally, bucket: datetime | None) -> None:
        """Add one action of a player."""
        before = self.tallies.get(user_id)
        if before is None:
            self.tallies[user_id] = [tally]
        else:
            before.append(tally)
        if bucket is not None:
            self.buckets.setdefault((bucket, user_id), []).append(tally)

    def take_out(self, user_id: str, numbers: Collection[int]) -> None:
        """Take a player's actions that do not count after all out of the buckets."""
        for (_, owner), tallies in self.buckets.items():
            if owner == user_id:
                tallies[:] = [tally for tally in tallies if tally.reached_seq not in numbers]


def count_batch(
    catalog: Catalog,
    actions: Sequence[CountedAction],
    players: Mapping[str, PlayerFacts],
    now: datetime,
    projection: Projection,
) -> dict[RankingKey, CountedRanking]:
    """Return what counts, ranking by ranking; metadata is parsed once for all boards."""
    read = parse_metadata if catalog.needs_metadata else _read_nothing
    known = [
        (action, read(action.metadata), players.get(action.user_id, NOBODY)) for action in actions
    ]
    counted: dict[RankingKey, CountedRanking] = {}
    for rule in catalog.rules:
        kept_from = None
        if rule.definition.period.kind is PeriodKind.ROLLING:
            kept_from = window_start(rule.definition, now)
        for place, ranking in _count_on(rule, known, kept_from, projection).items():
            counted[RankingKey(rule.version.number, *place)] = ranking
    return counted


def _count_on(
    rule: BoardRule,
    known: Iterable[tuple[CountedAction, Metadata | None, PlayerFacts]],
    kept_from: datetime | None,
    projection: Projection,
) -> dict[tuple[str, str], CountedRanking]:
    """Return what counts on one board, by key of period and segment.

    On a rolling board only what is in a bucket from `kept_from` on.
    """
    places: dict[tuple[str, str], CountedRanking] = {}
    contribute = rule.contribute
    for action, metadata, player in known:
        found = contribute(action, metadata, player)
        if found is None:
            continue
        if isinstance(found, Reason):
            _leave_out(projection, rule, action.action_no, found)
            continue
        period, segment, tally = found
        bucket = None
        if kept_from is not None:
            bucket = bucket_at(rule.definition, action.accepted_at)
            if bucket < kept_from:
                continue
        place = (period.key, segment)
        ranking = places.get(place)
        if ranking is None:
            ranking = places[place] = CountedRanking(rule, (period.start, period.end))
        ranking.add(action.user_id, tally, bucket)
    return places


def _read_nothing(_metadata: str | None) -> None:
    return None


def leave_all_out(
    projection: Projection,
    rule: BoardRule,
    tallies: Sequence[Tally],
    reasons: Sequence[Reason | None],
) -> set[int]:
    """Note why these actions do not count; return the numbers of those that have a reason."""
    refused = set()
    for tally, reason in zip(tallies, reasons, strict=True):
        if reason is not None:
            refused.add(tally.reached_seq)
            _leave_out(projection, rule, tally.reached_seq, reason)
    return refused


def leave_segments_out(
    projection: Projection,
    counted: Mapping[RankingKey, CountedRanking],
    existing: Collection[RankingKey],
) -> dict[RankingKey, CountedRanking]:
    """Return what counts in rankings that exist; note of the others why it does not count."""
    for key in counted.keys() - existing:
        rule = counted[key].rule
        for tallies in counted[key].tallies.values():
            leave_all_out(projection, rule, tallies, [Reason.SEGMENT_LIMIT] * len(tallies))
    return {key: ranking for key, ranking in counted.items() if key in existing}


def _leave_out(projection: Projection, rule: BoardRule, action_no: int, reason: Reason) -> None:
    # Players are told the reasons: nothing of a version that is being built, which they do not see
    # yet, nor of a board that they must not know of.
    is_shown = rule.definition.readers is not Readers.ADMINS
    if is_shown and rule.version.state is VersionState.LIVE:
        slug = str(rule.definition.id)
        projection.uncounted.setdefault(action_no, {})[slug] = reason
