"""SQL of what of a board has been sealed; called by `domain/rankings/administration/`."""

from datetime import datetime

from sqlalchemy import Connection

from domain.boards.model import BoardId
from domain.store.postgres.statements import sql


def has_seals(connection: Connection, *, board: BoardId) -> bool:
    """Return whether a ranking of the board has been sealed, or is being sealed."""
    found: bool = connection.execute(
        sql(
            "SELECT EXISTS (SELECT 1 FROM rankings r JOIN board_versions v"
            " ON v.version_no = r.version_no WHERE v.board_id = :board AND r.revision > 0)"
        ),
        {"board": board.slug},
    ).scalar_one()
    return found


def list_sealed_seasons(
    connection: Connection, *, board: BoardId
) -> list[tuple[datetime, datetime]]:
    """Return start and end of the board's seasons that have been sealed or are being sealed."""
    rows = connection.execute(
        sql(
            "SELECT DISTINCT r.period_start, r.period_end FROM rankings r JOIN board_versions v"
            " ON v.version_no = r.version_no WHERE v.board_id = :board AND r.revision > 0"
            " AND v.definition -> 'period' ->> 'kind' = 'season' ORDER BY 1"
        ),
        {"board": board.slug},
    )
    return [(start, end) for start, end in rows]
