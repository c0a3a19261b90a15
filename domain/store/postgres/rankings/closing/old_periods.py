"""SQL that removes closed rankings which are no longer to be read; their seals stay.

Called by `domain/rankings/closing/removal.py`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from domain.store.postgres.rankings.catalog import lock_catalog, raise_revision
from domain.store.postgres.rankings.closing.seals import BEGIN_LOCK_TIMEOUT_MS
from domain.store.postgres.statements import sql

MOST_AT_ONCE = 100
# `ranking_rows` last: while it has one, the ranking's removal is not finished.
_TABLES = ("ranking_row_revisions", "ranking_buckets", "ranking_rows")
_SEALED = "removed_at IS NULL AND revision > 0 AND sealed_revision = revision"
# Over all versions of a board: what earlier ones have sealed goes with the periods of then.
_EXPIRED = f"""
SELECT aged.ranking_no FROM boards b JOIN board_versions live ON live.version_no = b.live_version_no
CROSS JOIN LATERAL (
    SELECT r.ranking_no, dense_rank() OVER (ORDER BY r.period_end DESC) AS age
    FROM board_versions v JOIN rankings r ON r.version_no = v.version_no
    WHERE v.board_id = b.board_id AND {_SEALED}
) aged
WHERE aged.age > CAST(live.definition ->> 'keepPeriods' AS integer)
ORDER BY aged.ranking_no LIMIT :limit
"""
# A step from one ranking with rows to the next: others do not come into it, however many there are.
_UNFINISHED = """
WITH RECURSIVE filled (ranking_no) AS (
    (SELECT ranking_no FROM ranking_rows ORDER BY ranking_no LIMIT 1)
    UNION ALL
    SELECT (SELECT n.ranking_no FROM ranking_rows n
        WHERE n.ranking_no > f.ranking_no ORDER BY n.ranking_no LIMIT 1)
    FROM filled f WHERE f.ranking_no IS NOT NULL
)
SELECT r.ranking_no FROM filled f JOIN rankings r USING (ranking_no)
WHERE r.removed_at IS NOT NULL ORDER BY r.ranking_no LIMIT :limit
"""


class ToRemove(NamedTuple):
    """Closed rankings beyond those to keep, and removed ones that still have rows."""

    expired: list[int]
    unfinished: list[int]


def list_to_remove(connection: Connection) -> ToRemove:
    """Return what is to be removed, MOST_AT_ONCE at most of each kind."""
    limit = {"limit": MOST_AT_ONCE}
    return ToRemove(
        list(connection.execute(sql(_EXPIRED), limit).scalars()),
        list(connection.execute(sql(_UNFINISHED), limit).scalars()),
    )


def mark_removed(connection: Connection, *, ranking_nos: Sequence[int]) -> list[int]:
    """Let these sealed rankings be read and written no more; return those where it did.

    As when a revision begins, no scoring runs until the transaction ends.
    """
    lock_catalog(connection, wait_ms=BEGIN_LOCK_TIMEOUT_MS)
    removed = connection.execute(
        sql(
            "UPDATE rankings SET removed_at = clock_timestamp()"
            f" WHERE ranking_no = ANY(CAST(:ranking_nos AS bigint[])) AND {_SEALED}"
            " RETURNING ranking_no"
        ),
        {"ranking_nos": list(ranking_nos)},
    ).scalars()
    found = list(removed)
    if found:
        raise_revision(connection)
    return found


def delete_some(connection: Connection, *, ranking_no: int, limit: int) -> int:
    """Delete up to `limit` rows of a removed ranking; return how many."""
    for table in _TABLES:
        deleted = connection.execute(
            sql(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("
                f"SELECT ctid FROM {table} WHERE ranking_no = :ranking_no LIMIT :limit))"
            ),
            {"ranking_no": ranking_no, "limit": limit},
        ).rowcount
        if deleted:
            return deleted
    return 0
