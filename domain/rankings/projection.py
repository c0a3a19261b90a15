"""Projection: what a batch's applied actions change on every board but the global one.

Called by *score* in its transaction, which holds the locks of the batch's players.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.errors import TransientError
from domain.rankings.batch_counts import (
    CountedRanking,
    Projection,
    count_batch,
    leave_all_out,
    leave_segments_out,
)
from domain.rankings.catalog import Catalog
from domain.rankings.folding import fold, merge_all, sort_key
from domain.rankings.model import CountedAction, PlayerFacts, RankingKey
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
    counted = count_batch(
        catalog, actions, _find_players(connection, catalog, actions), now, projection
    )
    if not counted:
        return projection
    numbers = _number(connection, catalog, counted, projection)
    if len(numbers) < len(counted):
        counted = leave_segments_out(projection, counted, numbers)
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


def _number(
    connection: Connection,
    catalog: Catalog,
    counted: Mapping[RankingKey, CountedRanking],
    projection: Projection,
) -> dict[RankingKey, KnownRanking]:
    numbers = {key: catalog.rankings[key] for key in counted if key in catalog.rankings}
    wanted = {key: ranking.bounds for key, ranking in counted.items() if key not in numbers}
    if wanted:
        bounded = {
            key.version_no for key in wanted if counted[key].rule.definition.is_split_by_metadata
        }
        projection.made = make_rankings(connection, wanted=wanted, bounded=bounded)
        numbers |= projection.made
    return numbers


def _write(
    connection: Connection,
    counted: Mapping[RankingKey, CountedRanking],
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
                refused = leave_all_out(projection, ranking.rule, tallies, reasons)
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


def _write_buckets(
    connection: Connection,
    counted: Mapping[RankingKey, CountedRanking],
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
