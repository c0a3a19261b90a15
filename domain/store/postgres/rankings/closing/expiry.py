"""SQL of rolling rankings whose buckets of time have left the window.

Called by `domain/rankings/closing/expiry.py`, chunk by chunk. Ids are text, as in the pipeline.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from domain.errors import TransientError
from domain.rankings.definition import BoardDefinition
from domain.rankings.model import Tally
from domain.store.postgres.rankings.catalog import read_definition
from domain.store.postgres.rankings.rows import tally_arrays
from domain.store.postgres.statements import sql

logger = structlog.get_logger(__name__)


class RollingRanking(NamedTuple):
    """A rolling ranking and its definition."""

    ranking_no: int
    definition: BoardDefinition


class Bucket(NamedTuple):
    """What a player has in one bucket of time."""

    bucket_at: datetime
    user_id: str
    tally: Tally


class StoredRow(NamedTuple):
    """A player's row as it is stored, with `reached_seq` and all in its tally."""

    tally: Tally
    version: int
    last_updated: datetime


_TALLY = "value, columns, reached_seq, is_moved, counted"
# By the key of its bucket, so that a walk over many players reads each once.
_LEAVING = """
SELECT b.bucket_at, CAST(b.user_id AS text) FROM ranking_buckets b
WHERE b.ranking_no = :ranking_no AND b.bucket_at < :before
    AND (b.bucket_at, b.user_id) > (:after_at, CAST(:after_user AS uuid))
ORDER BY b.bucket_at, b.user_id LIMIT :limit
"""
_UPSERT = f"""
INSERT INTO ranking_rows (ranking_no, user_id, {_TALLY}, sort_key, version, last_updated)
SELECT :ranking_no, t.user_id, t.value, CAST(t.columns AS bigint[]), t.reached_seq, t.is_moved,
    t.counted, decode(t.sort_key, 'hex'), nextval('ranking_version_seq'),
    -- Or the intake of the action that decides the row now.
    coalesce(t.last_updated, (SELECT a.created_at FROM user_actions a WHERE a.user_id = t.user_id
        AND a.action_no = t.reached_seq AND a.created_at >= :since), clock_timestamp())
FROM unnest(CAST(:users AS uuid[]), CAST(:values AS bigint[]), CAST(:columns AS text[]),
    CAST(:reached AS bigint[]), CAST(:moved AS boolean[]), CAST(:counted AS integer[]),
    CAST(:sort_keys AS text[]), CAST(:times AS timestamptz[]))
    AS t(user_id, value, columns, reached_seq, is_moved, counted, sort_key, last_updated)
ON CONFLICT (ranking_no, user_id) DO UPDATE SET value = excluded.value,
    columns = excluded.columns, reached_seq = excluded.reached_seq, is_moved = excluded.is_moved,
    counted = excluded.counted, sort_key = excluded.sort_key, version = excluded.version,
    last_updated = excluded.last_updated
RETURNING CAST(user_id AS text), version, last_updated
"""


def list_rolling(connection: Connection) -> list[tuple[int, BoardDefinition]]:
    """Return the number and the definition of each rolling board's versions that count.

    Those that this program does not understand are logged and left out.
    """
    rows = connection.execute(
        sql(
            "SELECT v.version_no, v.version, v.definition FROM board_versions v"
            " JOIN boards b ON b.board_id = v.board_id AND b.state = 'active'"
            " WHERE v.state IN ('building', 'live')"
            " AND v.definition #>> '{period,kind}' = 'rolling' ORDER BY v.version_no"
        )
    )
    found: list[tuple[int, BoardDefinition]] = []
    for row in rows:
        try:
            found.append((row.version_no, read_definition(row.version, row.definition)))
        except TransientError as error:
            logger.warning("board not expired", cause=error.message)
    return found


def list_due_rankings(connection: Connection, *, version_no: int, before: datetime) -> list[int]:
    """Return the version's rankings that have a bucket from before a moment."""
    rows = connection.execute(
        sql(
            "SELECT r.ranking_no FROM rankings r WHERE r.version_no = :version_no AND EXISTS ("
            " SELECT 1 FROM ranking_buckets b"
            " WHERE b.ranking_no = r.ranking_no AND b.bucket_at < :before)"
            " ORDER BY r.ranking_no"
        ),
        {"version_no": version_no, "before": before},
    )
    return list(rows.scalars())


def list_leaving(
    connection: Connection,
    *,
    ranking_no: int,
    before: datetime,
    after: tuple[datetime, str],
    limit: int,
) -> list[tuple[datetime, str]]:
    """Return buckets that begin before a moment, in order, with their players."""
    rows = connection.execute(
        sql(_LEAVING),
        {
            "ranking_no": ranking_no,
            "before": before,
            "after_at": after[0],
            "after_user": after[1],
            "limit": limit,
        },
    )
    return [(bucket_at, user_id) for bucket_at, user_id in rows]


def lock_players(connection: Connection, *, user_ids: Sequence[str]) -> None:
    """Lock the players' scores, in order, as everyone does who writes their rows."""
    connection.execute(
        sql(
            "SELECT 1 FROM user_scores WHERE user_id = ANY(CAST(:users AS uuid[]))"
            " ORDER BY user_id FOR NO KEY UPDATE"
        ),
        {"users": list(user_ids)},
    )


def list_buckets(
    connection: Connection, *, ranking_no: int, user_ids: Sequence[str]
) -> list[Bucket]:
    """Return all buckets of these players in a ranking."""
    rows = connection.execute(
        sql(
            f"SELECT bucket_at, CAST(user_id AS text), {_TALLY} FROM ranking_buckets"
            " WHERE ranking_no = :ranking_no AND user_id = ANY(CAST(:users AS uuid[]))"
        ),
        {"ranking_no": ranking_no, "users": list(user_ids)},
    )
    return [Bucket(bucket_at, user_id, _tally(*tally)) for bucket_at, user_id, *tally in rows]


def read_rows(
    connection: Connection, *, ranking_no: int, user_ids: Sequence[str]
) -> dict[str, StoredRow]:
    """Return the rows of these players in a ranking."""
    rows = connection.execute(
        sql(
            f"SELECT CAST(user_id AS text), version, last_updated, {_TALLY} FROM ranking_rows"
            " WHERE ranking_no = :ranking_no AND user_id = ANY(CAST(:users AS uuid[]))"
        ),
        {"ranking_no": ranking_no, "users": list(user_ids)},
    )
    return {
        user_id: StoredRow(_tally(*tally), version, last_updated)
        for user_id, version, last_updated, *tally in rows
    }


def write_rows(
    connection: Connection,
    *,
    ranking_no: int,
    tallies: Mapping[str, Tally],
    sort_keys: Mapping[str, bytes],
    times: Mapping[str, datetime | None],
    since: datetime,
) -> dict[str, tuple[int, datetime]]:
    """Write rows of players whose locks are held; return the new version and the time of each.

    A row without a time gets that of the intake of the action that decides it; `since` is the start
    of the window, before which none of these was accepted.
    """
    users = list(tallies)
    rows = connection.execute(
        sql(_UPSERT),
        {
            "ranking_no": ranking_no,
            "since": since,
            "users": users,
            **tally_arrays([tallies[user] for user in users]),
            "times": [times[user] for user in users],
            "sort_keys": [sort_keys[user].hex() for user in users],
        },
    )
    return {user_id: (version, last_updated) for user_id, version, last_updated in rows}


def remove_rows(
    connection: Connection, *, ranking_no: int, user_ids: Sequence[str]
) -> dict[str, int]:
    """Delete the rows of players whose locks are held; return the version of each one's removal.

    Players without a row get one too: whoever died before telling Redis left them so.
    """
    rows = connection.execute(
        sql(
            "WITH deleted AS (DELETE FROM ranking_rows WHERE ranking_no = :ranking_no"
            "   AND user_id = ANY(CAST(:users AS uuid[])))"
            " SELECT user_id, nextval('ranking_version_seq') AS version"
            " FROM unnest(CAST(:users AS text[])) AS user_id"
        ),
        {"ranking_no": ranking_no, "users": list(user_ids)},
    )
    return {row.user_id: row.version for row in rows}


def delete_buckets(connection: Connection, *, ranking_no: int, buckets: Iterable[Bucket]) -> None:
    """Delete these buckets, except those that have changed since."""
    gone = list(buckets)
    connection.execute(
        sql(
            "DELETE FROM ranking_buckets b"
            " USING unnest(CAST(:times AS timestamptz[]), CAST(:users AS uuid[]),"
            "   CAST(:counted AS integer[])) AS gone(bucket_at, user_id, counted)"
            " WHERE b.ranking_no = :ranking_no AND b.bucket_at = gone.bucket_at"
            " AND b.user_id = gone.user_id AND b.counted = gone.counted"
        ),
        {
            "ranking_no": ranking_no,
            "times": [bucket.bucket_at for bucket in gone],
            "users": [bucket.user_id for bucket in gone],
            "counted": [bucket.tally.counted for bucket in gone],
        },
    )


def _tally(value: int, columns: Sequence[int] | None, *rest: Any) -> Tally:
    return Tally(value, tuple(columns or ()), *rest)
