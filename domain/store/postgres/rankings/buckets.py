"""SQL of the buckets of rolling rankings: what a player has by span of time."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection

from domain.rankings.model import Tally
from domain.store.postgres.rankings.rows import TALLY_COLUMNS, tally_arrays
from domain.store.postgres.statements import hot

BucketKey = tuple[int, datetime, str]
"""A ranking's number, the start of a bucket of time, and a user's id."""


_READ_BUCKETS = hot(
    f"SELECT r.ranking_no, r.bucket_at, CAST(r.user_id AS text), {TALLY_COLUMNS}"
    " FROM unnest(CAST(:rankings AS bigint[]), CAST(:buckets AS timestamptz[]),"
    "   CAST(:users AS uuid[])) AS k(ranking_no, bucket_at, user_id)"
    " JOIN ranking_buckets r USING (ranking_no, bucket_at, user_id)"
)
_WRITE_BUCKETS = hot(
    "INSERT INTO ranking_buckets (ranking_no, bucket_at, user_id, value, columns, reached_seq,"
    "   is_moved, counted)"
    " SELECT ranking_no, bucket_at, user_id, value, CAST(columns AS bigint[]), reached_seq,"
    "   is_moved, counted"
    " FROM unnest(CAST(:rankings AS bigint[]), CAST(:buckets AS timestamptz[]),"
    "   CAST(:users AS uuid[]), CAST(:values AS bigint[]), CAST(:columns AS text[]),"
    "   CAST(:reached AS bigint[]), CAST(:moved AS boolean[]), CAST(:counted AS integer[]))"
    "   AS t(ranking_no, bucket_at, user_id, value, columns, reached_seq, is_moved, counted)"
    " ON CONFLICT (ranking_no, bucket_at, user_id) DO UPDATE SET value = excluded.value,"
    "   columns = excluded.columns, reached_seq = excluded.reached_seq,"
    "   is_moved = excluded.is_moved, counted = excluded.counted"
)


def read_buckets(connection: Connection, *, keys: Collection[BucketKey]) -> dict[BucketKey, Tally]:
    """Return the tallies of these buckets; those that do not exist are absent."""
    rows = _READ_BUCKETS.run(
        connection,
        {
            "rankings": [number for number, _, _ in keys],
            "buckets": [bucket_at for _, bucket_at, _ in keys],
            "users": [user for _, _, user in keys],
        },
    ).fetchall()
    return {
        (number, bucket_at, user_id): Tally(value, tuple(columns or ()), *rest)
        for number, bucket_at, user_id, value, columns, *rest in rows
    }


def write_buckets(connection: Connection, *, buckets: Mapping[BucketKey, Tally]) -> None:
    """Write these buckets over what is there."""
    _WRITE_BUCKETS.run(
        connection,
        {
            "rankings": [number for number, _, _ in buckets],
            "buckets": [bucket_at for _, bucket_at, _ in buckets],
            "users": [user for _, _, user in buckets],
            **tally_arrays(list(buckets.values())),
        },
    )
