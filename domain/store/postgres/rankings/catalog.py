"""SQL of the catalog: the versions of boards that count, and its revision.

Scoring reads it with each batch, under the shared lock. Whoever changes what it returns holds the
exclusive one, so that no transaction goes on with what was before.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from domain.errors import InvalidPayloadError, TransientError
from domain.rankings.definition import BoardDefinition
from domain.rankings.definition_json import decode_definition
from domain.rankings.model import BoardVersion, VersionState
from domain.store.postgres.advisory_locks import AdvisoryLock, shared_lock_sql, take_lock
from domain.store.postgres.statements import prepared, sql

SHARED_CATALOG_LOCK = shared_lock_sql(AdvisoryLock.CATALOG)
"""For the first statement of a transaction that writes what the catalog decides."""

# All scoring waits behind whoever waits for the lock.
MOST_WAIT_MS = 2_000


def lock_catalog(connection: Connection, *, wait_ms: int = MOST_WAIT_MS) -> None:
    """Let no other transaction read or change the catalog until this one ends.

    Waits for those that hold the shared lock, and the transaction's later statements for any lock,
    at most `wait_ms`; raises DatabaseLockedError then. Before any lock of rows.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = {wait_ms:d}"))
    take_lock(connection, AdvisoryLock.CATALOG)


def share_catalog(connection: Connection) -> None:
    """Let nobody change the catalog until this transaction ends. Before any lock of rows."""
    connection.execute(sql(f"SELECT {SHARED_CATALOG_LOCK}"))


def raise_revision(connection: Connection) -> None:
    """Make every process read the catalog again; under the exclusive lock."""
    connection.execute(sql("UPDATE board_catalog SET revision = revision + 1"))


def read_revision(connection: Connection) -> int:
    """Return the catalog's revision."""
    revision: int = connection.execute(prepared("SELECT revision FROM board_catalog")).scalar_one()
    return revision


def read_moment(connection: Connection) -> tuple[int, datetime]:
    """Return the catalog's revision and the time, by the clock that periods go by."""
    row = connection.execute(prepared("SELECT revision, now() FROM board_catalog")).one()
    return row[0], row[1]


def read_catalog(connection: Connection) -> tuple[int, tuple[BoardVersion, ...]]:
    """Return the revision, and the versions that count at it, both of one moment.

    Raises TransientError as `read_version`.
    """
    rows = connection.execute(
        sql(
            "SELECT c.revision, v.version_no, v.version, v.definition, v.state"
            " FROM board_catalog c LEFT JOIN"
            " (board_versions v JOIN boards b ON b.board_id = v.board_id AND b.state = 'active')"
            " ON v.state IN ('building', 'live') ORDER BY v.version_no"
        )
    ).all()
    return rows[0].revision, tuple(
        read_version(row[1:5]) for row in rows if row.version_no is not None
    )


def list_counted_versions(connection: Connection) -> list[BoardVersion]:
    """Return the versions that count: building and live ones of boards that are active."""
    return list(read_catalog(connection)[1])


def list_segment_attributes(connection: Connection) -> frozenset[str]:
    """Return the attributes by which a version of a board is or was split."""
    rows = connection.execute(sql("SELECT DISTINCT definition ->> 'segment' FROM board_versions"))
    return frozenset(
        segment.removeprefix("player.")
        for segment in rows.scalars()
        if segment and segment.startswith("player.")
    )


def read_version(columns: Sequence[Any]) -> BoardVersion:
    """Return the version with these columns: its number, version, definition and state.

    Raises TransientError as `read_definition`.
    """
    number, version, document, state = columns
    return BoardVersion(number, version, read_definition(version, document), VersionState(state))


def read_definition(version: int, document: Any) -> BoardDefinition:
    """Return the definition of a board's version that is stored as this document.

    Raises TransientError for one that this version of the program does not read: a newer one beside
    it does.
    """
    try:
        return decode_definition(document)
    except InvalidPayloadError as error:
        fields = ", ".join((error.details or {}).get("fields", {}))
        raise TransientError(
            f"Version {version} of the board {document.get('id')} is not understood: {fields}"
        ) from error
