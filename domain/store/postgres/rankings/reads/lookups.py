"""SQL that finds a ranking for its readers: by board, period and segment, or by its number.

Called by `domain/rankings/reads/finding.py`.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.boards.model import BoardId
from domain.rankings.definition import BoardDefinition
from domain.store.postgres.rankings.catalog import read_definition
from domain.store.postgres.statements import sql


class StoredRanking(NamedTuple):
    """A ranking, and the version of the board that it is of.

    `revision` is that of its last seal, or 0. `read_revision` is what is read: the same, or the
    first one when it has begun and is not sealed yet, or 0 for the rows of now.
    """

    ranking_no: int
    version_no: int
    version: int
    definition: BoardDefinition
    period_key: str
    period_start: datetime | None
    period_end: datetime | None
    segment: str
    revision: int
    read_revision: int


# Of a version from before, what was sealed.
_IS_READ = (
    "r.removed_at IS NULL AND (v.state = 'live' OR v.state = 'retired' AND r.sealed_revision > 0)"
)
_SELECT = (
    "SELECT r.ranking_no, v.version_no, v.version, v.definition, r.period_key, r.period_start,"
    " r.period_end, r.segment, r.sealed_revision,"
    " CASE r.sealed_revision WHEN 0 THEN r.revision ELSE r.sealed_revision END FROM rankings r"
    " JOIN board_versions v ON v.version_no = r.version_no"
    f" WHERE v.board_id = :board AND {_IS_READ}"
)
# What was sealed under an earlier version stays what was announced.
_FIND = (
    f"{_SELECT} AND r.period_key = :period AND r.segment = :segment"
    " AND (CAST(:start AS timestamptz) IS NULL OR r.period_start = :start)"
    " ORDER BY r.sealed_revision = 0, v.version DESC LIMIT 1"
)
_FIND_BEFORE = (
    f"{_SELECT} AND r.period_key = :period AND r.segment = :segment AND r.period_end <= :until"
    " ORDER BY r.period_end DESC, r.sealed_revision = 0, v.version DESC LIMIT 1"
)


def find_ranking(
    connection: Connection,
    *,
    board: BoardId,
    period_key: str,
    segment: str,
    start: datetime | None = None,
) -> StoredRanking | None:
    """Return the ranking: the newest version's that was sealed, else the live version's.

    With a start only one of a period that began then: seasons of a board share their key. Raises
    TransientError, as the others here, as `read_definition`.
    """
    return _find(connection, _FIND, board, period=period_key, segment=segment, start=start)


def find_ranking_before(
    connection: Connection, *, board: BoardId, period_key: str, segment: str, until: datetime
) -> StoredRanking | None:
    """Return the last ranking with this key that was over by then."""
    return _find(connection, _FIND_BEFORE, board, period=period_key, segment=segment, until=until)


def find_ranking_of_number(
    connection: Connection, *, board: BoardId, ranking_no: int
) -> StoredRanking | None:
    """Return the ranking if it is one of the board's, also one that nobody counts in any more.

    Not one that was removed: some of its rows may be gone.
    """
    statement = _SELECT.replace(_IS_READ, "r.removed_at IS NULL AND v.state IN ('live', 'retired')")
    return _find(connection, f"{statement} AND r.ranking_no = :number", board, number=ranking_no)


def count_sealed_rows(connection: Connection, *, ranking_no: int, revision: int) -> int | None:
    """Return how many rows this revision has; None when there is no such seal."""
    found: int | None = connection.execute(
        sql(
            "SELECT row_count FROM ranking_seals"
            " WHERE ranking_no = :ranking AND revision = :revision"
        ),
        {"ranking": ranking_no, "revision": revision},
    ).scalar_one_or_none()
    return found


def has_period(connection: Connection, *, board: BoardId, period_key: str) -> bool:
    """Return whether the board has a ranking in the period, of any segment."""
    return bool(
        connection.execute(
            sql(
                "SELECT EXISTS (SELECT FROM rankings r"
                " JOIN board_versions v ON v.version_no = r.version_no"
                f" WHERE v.board_id = :board AND r.period_key = :period AND {_IS_READ})"
            ),
            {"board": board.slug, "period": period_key},
        ).scalar_one()
    )


def list_segments(
    connection: Connection, *, version_no: int, period_key: str, limit: int
) -> list[str]:
    """Return the segments of a period, in order of their names."""
    rows = connection.execute(
        sql(
            "SELECT segment FROM rankings WHERE version_no = :version AND period_key = :period"
            " AND removed_at IS NULL ORDER BY segment LIMIT :limit"
        ),
        {"version": version_no, "period": period_key, "limit": limit},
    )
    return [segment for (segment,) in rows]


def find_segment_of(
    connection: Connection, *, board: BoardId, period_key: str, user_id: UUID
) -> str | None:
    """Return the segment in which the player's row changed last; None without a row."""
    found: str | None = connection.execute(
        sql(
            "SELECT r.segment FROM rankings r"
            " JOIN board_versions v ON v.version_no = r.version_no"
            " JOIN ranking_rows o ON o.ranking_no = r.ranking_no AND o.user_id = :user_id"
            f" WHERE v.board_id = :board AND r.period_key = :period AND {_IS_READ}"
            " ORDER BY o.last_updated DESC, r.ranking_no DESC LIMIT 1"
        ),
        {"board": board.slug, "period": period_key, "user_id": user_id},
    ).scalar_one_or_none()
    return found


def list_names(connection: Connection, *, user_ids: list[UUID]) -> dict[UUID, str]:
    """Return the names of these players."""
    rows = connection.execute(
        sql("SELECT user_id, username FROM users WHERE user_id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": [str(user_id) for user_id in user_ids]},
    )
    return {row.user_id: row.username for row in rows}


def _find(
    connection: Connection, statement: str, board: BoardId, **parameters: Any
) -> StoredRanking | None:
    row = connection.execute(sql(statement), {"board": board.slug, **parameters}).one_or_none()
    if row is None:
        return None
    columns = list(row)
    columns[3] = read_definition(row.version, row.definition)
    return StoredRanking(*columns)
