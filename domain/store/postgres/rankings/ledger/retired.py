"""SQL that removes the rows of retired versions, a chunk at a time.

What has a seal stays: its rows, those of its revisions, and its ranking.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from domain.store.postgres.statements import sql

_TABLES = ("ranking_rows", "ranking_buckets", "ranking_row_revisions")


def list_retired_rankings(connection: Connection, *, limit: int) -> list[int]:
    """Return rankings of retired versions that were never sealed, nor are about to be."""
    rows = connection.execute(
        sql(
            "SELECT r.ranking_no FROM board_versions v"
            " JOIN rankings r ON r.version_no = v.version_no"
            " WHERE v.state = 'retired' AND r.revision = 0 ORDER BY r.ranking_no LIMIT :limit"
        ),
        {"limit": limit},
    )
    return list(rows.scalars())


def delete_rows(connection: Connection, *, ranking_nos: Sequence[int], limit: int) -> int:
    """Delete up to `limit` rows of these rankings from each table; return how many."""
    return sum(
        connection.execute(
            sql(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table}"
                " WHERE ranking_no = ANY(CAST(:numbers AS bigint[])) LIMIT :limit))"
            ),
            {"numbers": list(ranking_nos), "limit": limit},
        ).rowcount
        for table in _TABLES
    )


def delete_rankings(connection: Connection, *, ranking_nos: Sequence[int]) -> None:
    """Delete these rankings, which have no rows any more, unless one has been sealed."""
    connection.execute(
        sql(
            "DELETE FROM rankings WHERE ranking_no = ANY(CAST(:numbers AS bigint[]))"
            " AND revision = 0"
        ),
        {"numbers": list(ranking_nos)},
    )
