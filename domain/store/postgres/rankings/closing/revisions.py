"""SQL of a sealed ranking's revisions: the rows of each, in order, however many came after it.

A revision that has begun never changes. `ranking_rows` has the last one and what changed since;
before a row changes, scoring keeps it in `ranking_row_revisions`. So a player's row of a revision
is the kept one with the smallest `until_revision` that is not before it, or else the row of now.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.closing.sealing import RevisionRow
from domain.store.postgres.statements import sql

CHUNK_ROWS = 2000
_BEFORE_ALL = (b"", UUID(int=0))
_COLUMNS = "user_id, value, columns, reached_seq, sort_key, last_updated"
_AFTER = "(sort_key, user_id) > (:sort_key, CAST(:user_id AS uuid))"
_CHUNK = f"""
WITH kept AS (
    SELECT DISTINCT ON (user_id) {_COLUMNS} FROM ranking_row_revisions
    WHERE ranking_no = :ranking_no AND until_revision >= :revision
    ORDER BY user_id, until_revision
)
SELECT * FROM (
    (SELECT {_COLUMNS} FROM ranking_rows r
    WHERE ranking_no = :ranking_no AND {_AFTER}
        AND NOT EXISTS (SELECT 1 FROM ranking_row_revisions k WHERE k.ranking_no = r.ranking_no
            AND k.user_id = r.user_id AND k.until_revision >= :revision)
    ORDER BY sort_key, user_id LIMIT :chunk)
    UNION ALL
    (SELECT {_COLUMNS} FROM kept WHERE sort_key IS NOT NULL AND {_AFTER}
    ORDER BY sort_key, user_id LIMIT :chunk)
) both_kinds ORDER BY sort_key, user_id LIMIT :chunk
"""


def iterate_revision(
    connection: Connection,
    ranking_no: int,
    revision: int,
    *,
    after: tuple[bytes, UUID] | None = None,
    chunk: int = CHUNK_ROWS,
) -> Iterator[RevisionRow]:
    """Yield the rows of a revision that has begun, in order, from the place `after` on.

    Reads `chunk` rows at a time. Each chunk is right whatever is written meanwhile, so the caller
    needs no snapshot for that.
    """
    sort_key, user_id = after or _BEFORE_ALL
    while True:
        rows = connection.execute(
            sql(_CHUNK),
            {
                "ranking_no": ranking_no,
                "revision": revision,
                "sort_key": sort_key,
                "user_id": user_id,
                "chunk": chunk,
            },
        ).all()
        for row in rows:
            yield RevisionRow(
                row.user_id,
                row.value,
                tuple(row.columns or ()),
                row.reached_seq,
                bytes(row.sort_key),
                row.last_updated,
            )
        if len(rows) < chunk:
            return
        sort_key, user_id = bytes(rows[-1].sort_key), rows[-1].user_id
