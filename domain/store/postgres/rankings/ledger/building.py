"""SQL of versions that are being built: how far each is, its rows, and the switch.

Called by `domain/rankings/ledger/building.py`.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.model import BoardVersion
from domain.store.postgres.rankings.catalog import (
    lock_catalog,
    raise_revision,
    read_version,
)
from domain.store.postgres.statements import sql


class BuildProgress(NamedTuple):
    """A version that is being built: the players up to `until` have their rows."""

    version: BoardVersion
    until: UUID | None
    players: int
    total: int | None
    error: str | None


_BUILDING = (
    "v.state = 'building' AND EXISTS (SELECT 1 FROM boards b"
    " WHERE b.board_id = v.board_id AND b.state = 'active')"
)


def list_building(connection: Connection) -> list[BuildProgress]:
    """Return the versions that are being built, the oldest first."""
    rows = connection.execute(
        sql(
            "SELECT v.version_no, v.version, v.definition, v.state, v.built_until,"
            " v.built_players, v.total_players, v.build_error FROM board_versions v"
            f" WHERE {_BUILDING} ORDER BY v.version_no"
        )
    )
    return [BuildProgress(read_version(row[:4]), *row[4:]) for row in rows]


def advance_build(
    connection: Connection,
    *,
    version_no: int,
    after: UUID | None,
    until: UUID | None,
    players: int,
    total: int,
) -> bool:
    """Record that the next players have their rows; False when others are at work, or it ended."""
    moved = connection.execute(
        sql(
            "UPDATE board_versions v SET built_until = :until, total_players = :total,"
            " built_players = built_players + :players, build_error = NULL"
            f" WHERE v.version_no = :version_no AND {_BUILDING}"
            " AND v.built_until IS NOT DISTINCT FROM CAST(:after AS uuid)"
        ),
        {
            "version_no": version_no,
            "after": after,
            "until": until,
            "players": players,
            "total": total,
        },
    )
    return moved.rowcount == 1


def stop_build(connection: Connection, *, version_no: int, error: str) -> bool:
    """Record why a build does not go on; return False when that is known already."""
    stopped = connection.execute(
        sql(
            "UPDATE board_versions SET build_error = :error WHERE version_no = :version_no"
            " AND build_error IS DISTINCT FROM CAST(:error AS text)"
        ),
        {"version_no": version_no, "error": error},
    )
    return stopped.rowcount == 1


def switch_version(connection: Connection, *, version_no: int) -> bool:
    """Make a version that is built the live one; False when it is not being built any more.

    From the commit on every process counts and reads with it.
    """
    lock_catalog(connection)
    board_id = connection.execute(
        sql(
            "UPDATE board_versions v SET state = 'live', live_at = now(),"
            " total_players = v.built_players, build_error = NULL"
            f" WHERE v.version_no = :version_no AND {_BUILDING} RETURNING v.board_id"
        ),
        {"version_no": version_no},
    ).scalar()
    if board_id is None:
        return False
    names = {"version_no": version_no, "board_id": board_id}
    connection.execute(
        sql(
            "UPDATE board_versions SET state = 'retired' WHERE board_id = :board_id"
            " AND state = 'live' AND version_no <> :version_no"
        ),
        names,
    )
    connection.execute(
        sql(
            "UPDATE boards SET live_version_no = :version_no, revision = revision + 1,"
            " updated_at = now() WHERE board_id = :board_id"
        ),
        names,
    )
    raise_revision(connection)
    return True
