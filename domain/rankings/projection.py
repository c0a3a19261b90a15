"""Projection: what a batch's applied actions change on every board but the global one.

Called by *score* in its transaction, which holds the locks of the batch's players.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.rankings.catalog import Catalog
from domain.rankings.counting import BoardRule, parse_metadata
from domain.rankings.definition import PeriodKind
from domain.rankings.folding import fold, merge_all, sort_key
from domain.rankings.model import (
    Contribution,
    CountedAction,
    PlayerFacts,
    RankingKey,
    Reason,
    Tally,
    VersionState,
)
from domain.rankings.periods import bucket_at, window_start
from domain.store.postgres.rankings.buckets import read_buckets, write_buckets
from domain.store.postgres.rankings.numbers import KnownRanking, make_rankings
from domain.store.postgres.rankings.players import list_attributes, list_joined
from domain.store.postgres.rankings.rows import (
    RowKey,
    WrittenRow,
    keep_revisions,
    read_rows,
    write_ranking_rows,
)
from domain.store.store import Connection

NOBODY = PlayerFacts({}, {})

Uncounted = dict[int, dict[str, Reason]]
"""By action_no and board: why the action does not count there, although the board is for it."""


@dataclass(slots=True)
class Projection:
    """What a batch has changed: the numbers of the rankings, and what did not count.

    `made` are rankings whose numbers may be remembered once the transaction is committed.
    """

    rankings: list[int] = field(default_factory=list)
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
    actions: Iterable[CountedAction],
    players: Mapping[str, PlayerFacts],
    now: datetime,
    projection: Projection,
) -> dict[RankingKey, _Counted]:
    counted: dict[RankingKey, _Counted] = {}
    for action in actions:
        metadata = parse_metadata(action.metadata) if catalog.needs_metadata else None
        player = players.get(action.user_id, NOBODY)
        for rule in catalog.rules:
            found = rule.contribute(action, metadata, player)
            if found is None:
                continue
            if isinstance(found, Contribution):
                _add(counted, rule, action, found, now)
            else:
                _leave_out(projection, rule, action.action_no, found)
    return counted


def _add(
    counted: dict[RankingKey, _Counted],
    rule: BoardRule,
    action: CountedAction,
    found: Contribution,
    now: datetime,
) -> None:
    bucket = None
    if rule.definition.period.kind is PeriodKind.ROLLING:
        bucket = bucket_at(rule.definition, action.accepted_at)
        if bucket < window_start(rule.definition, now):
            return
    period, segment, tally = found
    key = RankingKey(rule.version.number, period.key, segment)
    ranking = counted.get(key)
    if ranking is None:
        ranking = counted[key] = _Counted(rule, (period.start, period.end))
    ranking.tallies.setdefault(action.user_id, []).append(tally)
    if bucket is not None:
        ranking.buckets.setdefault((bucket, action.user_id), []).append(tally)


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
    keys: list[RowKey] = [
        (numbers[key].number, user) for key, ranking in counted.items() for user in ranking.tallies
    ]
    stored = read_rows(connection, keys=keys)
    if any(numbers[key].revision for key in counted):
        keep_revisions(connection, keys=keys)
    rows: list[WrittenRow] = []
    for key, ranking in counted.items():
        number, definition = numbers[key].number, ranking.rule.definition
        for user, tallies in ranking.tallies.items():
            total, reasons = fold(definition, stored.get((number, user)), tallies)
            for tally, reason in zip(tallies, reasons, strict=True):
                if reason is not None:
                    _leave_out(projection, ranking.rule, tally.reached_seq, reason)
            if total is not None:
                rows.append(WrittenRow(number, user, total, sort_key(definition, total)))
    write_ranking_rows(connection, rows=rows)
    _write_buckets(connection, counted, numbers)


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
    }
    if not added:
        return
    stored = read_buckets(connection, keys=list(added))
    merged = {}
    for bucket_key, (definition, tallies) in added.items():
        before = stored.get(bucket_key)
        total = merge_all(definition, tallies if before is None else [before, *tallies])
        if total is not None:
            merged[bucket_key] = total
    write_buckets(connection, buckets=merged)
