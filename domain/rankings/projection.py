"""Projection: what a batch's applied actions change on every board but the global one.

Called by *score* in its transaction, which holds the locks of the batch's players.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.errors import TransientError
from domain.rankings.catalog import Catalog
from domain.rankings.counting import BoardRule, parse_metadata
from domain.rankings.definition import PeriodKind
from domain.rankings.folding import fold, merge_all, sort_key
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
from domain.store.postgres.rankings.buckets import read_buckets, write_buckets
from domain.store.postgres.rankings.numbers import KnownRanking, make_rankings
from domain.store.postgres.rankings.players import list_attributes, list_joined
from domain.store.postgres.rankings.rows import (
    Stamp,
    WrittenRow,
    change_ranking_rows,
    draw_stamp,
    insert_ranking_rows,
    keep_revisions,
    read_rows,
)
from domain.store.redis.rankings import RowWrite
from domain.store.store import Connection

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
class _Counted:
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


def project_batch(
    connection: Connection,
    *,
    catalog: Catalog,
    actions: Sequence[CountedAction],
    now: datetime,
) -> Projection:
    """Write what these applied actions change in every ranking, and return what that is.

    `now` is the database's clock. Raises DatabaseUnavailableError.
    """
    projection = Projection()
    counted = _count(catalog, actions, _find_players(connection, catalog, actions), now, projection)
    if not counted:
        return projection
    numbers = _number(connection, catalog, counted, projection)
    if any(ranking.is_removed for ranking in numbers.values()):
        counted = {key: found for key, found in counted.items() if not numbers[key].is_removed}
    _write(connection, counted, numbers, projection)
    projection.rankings = sorted(numbers[key].number for key in counted)
    return projection


def _find_players(
    connection: Connection, catalog: Catalog, actions: Sequence[CountedAction]
) -> Mapping[str, PlayerFacts]:
    """Return what boards need of the batch's players; nothing is read that no board needs."""
    if not (catalog.needs_members or catalog.needs_attributes):
        return {}
    users = sorted({action.user_id for action in actions})
    joined = list_joined(connection, user_ids=users) if catalog.needs_members else {}
    attributes = list_attributes(connection, user_ids=users) if catalog.needs_attributes else {}
    facts = {}
    for user in users:
        values, history = attributes.get(user, ({}, {}))
        facts[user] = PlayerFacts(values, joined.get(user, {}), history)
    return facts


def _count(
    catalog: Catalog,
    actions: Sequence[CountedAction],
    players: Mapping[str, PlayerFacts],
    now: datetime,
    projection: Projection,
) -> dict[RankingKey, _Counted]:
    """Return what counts, ranking by ranking; metadata is parsed once for all boards."""
    read = parse_metadata if catalog.needs_metadata else _read_nothing
    known = [
        (action, read(action.metadata), players.get(action.user_id, NOBODY)) for action in actions
    ]
    counted: dict[RankingKey, _Counted] = {}
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
) -> dict[tuple[str, str], _Counted]:
    """Return what counts on one board, by key of period and segment.

    On a rolling board only what is in a bucket from `kept_from` on.
    """
    places: dict[tuple[str, str], _Counted] = {}
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
            ranking = places[place] = _Counted(rule, (period.start, period.end))
        ranking.add(action.user_id, tally, bucket)
    return places


def _read_nothing(_metadata: str | None) -> None:
    return None


def _number(
    connection: Connection,
    catalog: Catalog,
    counted: Mapping[RankingKey, _Counted],
    projection: Projection,
) -> dict[RankingKey, KnownRanking]:
    numbers = {key: catalog.rankings[key] for key in counted if key in catalog.rankings}
    wanted = {key: ranking.bounds for key, ranking in counted.items() if key not in numbers}
    if wanted:
        projection.made = make_rankings(connection, wanted=wanted)
        numbers |= projection.made
    return numbers


def _write(
    connection: Connection,
    counted: Mapping[RankingKey, _Counted],
    numbers: Mapping[RankingKey, KnownRanking],
    projection: Projection,
) -> None:
    keys = [
        (numbers[key].number, user) for key, ranking in counted.items() for user in ranking.tallies
    ]
    stored = read_rows(connection, keys=keys)
    if any(numbers[key].revision for key in counted):
        keep_revisions(connection, keys=keys)
    stamp = draw_stamp(connection)
    changed: list[WrittenRow] = []
    added: list[WrittenRow] = []
    for key, ranking in counted.items():
        number, definition = numbers[key].number, ranking.rule.definition
        writes = projection.rows[number] = []
        for user, tallies in ranking.tallies.items():
            before = stored.get((number, user))
            total, reasons = fold(definition, before, tallies)
            if any(reasons):
                refused = _leave_all_out(projection, ranking.rule, tallies, reasons)
                ranking.take_out(user, refused)
            if total is not None:
                member = sort_key(definition, total).hex()
                rows = added if before is None else changed
                rows.append(WrittenRow(number, user, total, member))
                writes.append(RowWrite(user, member, stamp.version, stamp.updated_ms))
    _write_rows(connection, changed, added, stamp)
    _write_buckets(connection, counted, numbers)


def _write_rows(
    connection: Connection, changed: list[WrittenRow], added: list[WrittenRow], stamp: Stamp
) -> None:
    written = 0
    if changed:
        written += change_ranking_rows(connection, rows=changed, stamp=stamp)
    if added:
        written += insert_ranking_rows(connection, rows=added, stamp=stamp)
    if written != len(changed) + len(added):
        raise TransientError("a row of a ranking was added or removed meanwhile")


def _leave_all_out(
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


def _leave_out(projection: Projection, rule: BoardRule, action_no: int, reason: Reason) -> None:
    # What a version that is being built does not count, nobody asks about yet.
    if rule.version.state is VersionState.LIVE:
        slug = str(rule.definition.id)
        projection.uncounted.setdefault(action_no, {})[slug] = reason


def _write_buckets(
    connection: Connection,
    counted: Mapping[RankingKey, _Counted],
    numbers: Mapping[RankingKey, KnownRanking],
) -> None:
    added = {
        (numbers[key].number, bucket, user): (ranking.rule.definition, tallies)
        for key, ranking in counted.items()
        for (bucket, user), tallies in ranking.buckets.items()
        if tallies
    }
    if not added:
        return
    stored = read_buckets(connection, keys=list(added))
    merged = {}
    for bucket_key, (definition, tallies) in added.items():
        before = stored.get(bucket_key)
        merged[bucket_key] = merge_all(
            definition, tallies if before is None else [before, *tallies]
        )
    write_buckets(connection, buckets=merged)
