"""Taking back: rows and buckets of rankings are written as they are without one action.

Called by `domain/actions/reversal.py`, in a transaction that holds the player's lock and the
catalog's shared one.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.errors import TransientError
from domain.rankings.folding import merge_all, sort_key
from domain.rankings.ledger.without import Remainder
from domain.rankings.model import Tally
from domain.rankings.periods import window_start
from domain.store.postgres.rankings.buckets import write_buckets
from domain.store.postgres.rankings.closing.expiry import (
    Bucket,
    delete_buckets,
    list_buckets,
    remove_rows,
)
from domain.store.postgres.rankings.numbers import find_rankings
from domain.store.postgres.rankings.rows import (
    WrittenRow,
    change_ranking_rows,
    draw_stamp,
    keep_revisions,
    read_rows,
)
from domain.store.store import Connection


class _Change(NamedTuple):
    """What becomes of the player's row in a ranking: another tally, or none."""

    remainder: Remainder
    ranking_no: int
    tally: Tally | None


def take_back_rows(
    connection: Connection, remainders: Sequence[Remainder], *, user_id: str, now: datetime
) -> list[int]:
    """Write what is left of the player's rows, delete those of which nothing is.

    Return the rankings that have changed. Sealed ones keep the row that they had. A place in which
    the player has no row is left alone: the ban or the build that is at work there decides.
    """
    changes = list(_list_changes(connection, remainders, user_id, now))
    if not changes:
        return []
    keep_revisions(connection, keys=[(change.ranking_no, user_id) for change in changes])
    written = [
        WrittenRow(
            change.ranking_no,
            user_id,
            change.tally,
            sort_key(change.remainder.rule.definition, change.tally).hex(),
        )
        for change in changes
        if change.tally is not None
    ]
    if written and change_ranking_rows(
        connection, rows=written, stamp=draw_stamp(connection)
    ) != len(written):
        raise TransientError("a row of a ranking was removed meanwhile")
    for change in changes:
        if change.tally is None:
            remove_rows(connection, ranking_no=change.ranking_no, user_ids=[user_id])
    return sorted(change.ranking_no for change in changes)


def _list_changes(
    connection: Connection, remainders: Sequence[Remainder], user_id: str, now: datetime
) -> Iterator[_Change]:
    known = find_rankings(connection, wanted=[each.key for each in remainders])
    numbers = {key: found.number for key, found in known.items() if not found.is_removed}
    keys = [(number, user_id) for number in numbers.values()]
    stored = read_rows(connection, keys=keys) if keys else {}
    for remainder in remainders:
        number = numbers.get(remainder.key)
        row = None if number is None else stored.get((number, user_id))
        if number is None or row is None:
            continue
        left = remainder.tally
        if remainder.bucket_at is not None:
            left = _take_out_of_bucket(connection, remainder, number, user_id, now)
        if left != row:
            yield _Change(remainder, number, left)


def _take_out_of_bucket(
    connection: Connection, remainder: Remainder, number: int, user_id: str, now: datetime
) -> Tally | None:
    """Write the bucket of the action, and return what all that count now come to."""
    at, left = remainder.bucket_at, remainder.tally
    definition = remainder.rule.definition
    assert at is not None
    found = list_buckets(connection, ranking_no=number, user_ids=[user_id])
    buckets = {bucket.bucket_at: bucket.tally for bucket in found}
    if at in buckets:
        if left is None:
            gone = Bucket(at, user_id, buckets.pop(at))
            delete_buckets(connection, ranking_no=number, buckets=[gone])
        else:
            buckets[at] = left
            write_buckets(connection, buckets={(number, at, user_id): left})
    start = window_start(definition, now)
    counted = [tally for moment, tally in sorted(buckets.items()) if moment >= start]
    return merge_all(definition, counted) if counted else None
