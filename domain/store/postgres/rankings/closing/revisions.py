"""SQL of a sealed ranking's revisions: the rows of each, in order, however many came after it.

A revision that has begun never changes. `ranking_rows` has the last one and what changed since;
before a row changes, scoring keeps it in `ranking_row_revisions`. So a player's row of a revision
is the kept one with the smallest `until_revision` that is not before it, or else the row of now.
"""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.closing.sealing import RevisionRow
from domain.store.postgres.statements import sql

CHUNK_ROWS = 2000
_BEFORE_ALL = (b"", UUID(int=0))
_COLUMNS = "user_id, value, columns, reached_seq, sort_key, last_updated"
# Read through a cursor of the server, in one walk: a query for each chunk sorts all rows each time
# when PostgreSQL has no good idea of how many there are.
_ROWS = f"""
SELECT {_COLUMNS} FROM ranking_rows
WHERE ranking_no = :ranking_no AND (sort_key, user_id) > (:sort_key, CAST(:user_id AS uuid))
ORDER BY sort_key, user_id
"""
_KEPT = f"""
SELECT DISTINCT ON (user_id) {_COLUMNS} FROM ranking_row_revisions
WHERE ranking_no = :ranking_no AND until_revision >= :revision
ORDER BY user_id, until_revision
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

    Right whatever is written meanwhile, also without a snapshot of the transaction. `chunk` rows
    are read at a time, and those that were kept at once: as many as late decisions have changed.
    """
    place = after or _BEFORE_ALL
    where = {"ranking_no": ranking_no, "sort_key": place[0], "user_id": place[1]}
    options = {"stream_results": True, "yield_per": chunk}
    with closing(connection.execute(sql(_ROWS), where, execution_options=options)) as rows:
        # After the walk has begun: what changes in between is then in both as it was.
        parameters = {"ranking_no": ranking_no, "revision": revision}
        kept = {row[0]: row for row in connection.execute(sql(_KEPT), parameters)}
        unchanged = (_row(*row) for row in rows if row[0] not in kept)
        before = [_row(*row) for row in kept.values() if row.sort_key is not None]
        changed = sorted((row for row in before if _place(row) > place), key=_place)
        yield from heapq.merge(unchanged, changed, key=_place) if changed else unchanged


def _place(row: RevisionRow) -> tuple[bytes, UUID]:
    return row.sort_key, row.user_id


def _row(
    user_id: UUID,
    value: int,
    columns: Sequence[int] | None,
    reached_seq: int,
    sort_key: memoryview,
    last_updated: datetime,
) -> RevisionRow:
    return RevisionRow(
        user_id, value, tuple(columns or ()), reached_seq, bytes(sort_key), last_updated
    )
