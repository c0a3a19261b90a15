"""SQL of boards as admins see and change them; called by `domain/rankings/`.

Every write here needs the exclusive lock of the catalog, see `catalog.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, update

from domain.boards.model import BoardId
from domain.errors import TransientError
from domain.rankings.definition import BoardDefinition
from domain.rankings.definition_json import encode_definition
from domain.rankings.model import BoardVersion, Lifecycle, VersionState
from domain.store.postgres.rankings.catalog import raise_revision, read_version
from domain.store.postgres.statements import sql
from domain.store.postgres.tables import board_versions


class UnreadVersion(NamedTuple):
    """A version that this program does not understand, and why, see `read_version`."""

    version: int
    state: VersionState
    error: str


@dataclass(frozen=True, slots=True)
class StoredBoard:
    """A board with the version that is read and the one that is being built.

    A board that does not count any more may have neither; its last one is `retired`. `revision`
    grows with every change. `progress` of the build is between 0 and 1, and `build_error` why it
    does not go on. `unread` is the first version that is not among them because nobody can read it
    here. The times are None for the board that always exists.
    """

    board: BoardId
    lifecycle: Lifecycle
    revision: int
    live: BoardVersion | None = None
    building: BoardVersion | None = None
    retired: BoardVersion | None = None
    unread: UnreadVersion | None = None
    progress: float = 0.0
    build_error: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def readable(self) -> BoardVersion | None:
        """The version by which the board is shown; None when it is not understood."""
        return self.live or self.building or self.retired

    @property
    def shown(self) -> BoardVersion:
        """The version by which the board is shown; raises LookupError when it has none."""
        if self.readable is None:
            raise LookupError(f"the board {self.board} has no version")
        return self.readable

    @property
    def state(self) -> str:
        """Where the board is, in one word."""
        if self.lifecycle is not Lifecycle.ACTIVE:
            return self.lifecycle.value
        unread = self.unread and self.unread.state
        is_live = self.live is not None or unread is VersionState.LIVE
        return (VersionState.LIVE if is_live else VersionState.BUILDING).value


def list_stored_boards(connection: Connection) -> list[StoredBoard]:
    """Return every board, archived ones and those that are being removed too, by id."""
    return _read_boards(connection, None)


def find_stored_board(connection: Connection, *, board: BoardId) -> StoredBoard | None:
    """Return the board, or None. Raises TransientError as `read_version`."""
    stored = find_any_board(connection, board=board)
    if stored is not None and stored.unread is not None:
        raise TransientError(stored.unread.error)
    return stored


def find_any_board(connection: Connection, *, board: BoardId) -> StoredBoard | None:
    """Return the board, or None; also one with a version that is not understood."""
    found = _read_boards(connection, board)
    return found[0] if found else None


def insert_board(connection: Connection, *, definition: BoardDefinition) -> bool:
    """Store a new board whose first version is to be built; return False when its id is in use.

    Its first revision is larger than any that a board of this id had before.
    """
    raise_revision(connection)
    inserted = connection.execute(
        sql(
            "INSERT INTO boards (board_id, state, revision)"
            " SELECT :board, :state, c.revision FROM board_catalog c"
            " ON CONFLICT DO NOTHING RETURNING board_id"
        ),
        {"board": definition.id.slug, "state": Lifecycle.ACTIVE.value},
    ).first()
    if inserted is None:
        return False
    _insert_version(connection, definition)
    return True


def insert_version(connection: Connection, *, definition: BoardDefinition) -> None:
    """Store a new version of a board, to be built; one that is being built is given up."""
    retire_building_version(connection, board=definition.id)
    _insert_version(connection, definition)


def retire_building_version(connection: Connection, *, board: BoardId) -> None:
    """Give up the version that is being built, if one is."""
    _retire(connection, board, VersionState.BUILDING)


def retire_versions(connection: Connection, *, board: BoardId) -> None:
    """Give up every version of the board: their rows are removed."""
    _retire(connection, board, VersionState.BUILDING)
    _retire(connection, board, VersionState.LIVE)


def replace_definition(
    connection: Connection, *, version: BoardVersion, definition: BoardDefinition
) -> None:
    """Change the definition of a version in fields that no row depends on."""
    connection.execute(
        update(board_versions)
        .where(board_versions.c.version_no == version.number)
        .values(definition=encode_definition(definition))
    )


def mark_board_changed(
    connection: Connection, *, board: BoardId, lifecycle: Lifecycle = Lifecycle.ACTIVE
) -> None:
    """Give the board its next revision and the catalog too."""
    connection.execute(
        sql(
            "UPDATE boards SET state = :state, revision = revision + 1, updated_at = now()"
            " WHERE board_id = :board"
        ),
        {"board": board.slug, "state": lifecycle.value},
    )
    raise_revision(connection)


def _retire(connection: Connection, board: BoardId, state: VersionState) -> None:
    connection.execute(
        sql(
            "UPDATE board_versions SET state = 'retired' WHERE board_id = :board AND state = :state"
        ),
        {"board": board.slug, "state": state.value},
    )


def _insert_version(connection: Connection, definition: BoardDefinition) -> None:
    last = connection.execute(
        sql("SELECT coalesce(max(version), 0) FROM board_versions WHERE board_id = :board"),
        {"board": definition.id.slug},
    ).scalar_one()
    connection.execute(
        insert(board_versions).values(
            board_id=definition.id.slug,
            version=last + 1,
            definition=encode_definition(definition),
            state=VersionState.BUILDING.value,
        )
    )


def _read_boards(connection: Connection, board: BoardId | None) -> list[StoredBoard]:
    rows = connection.execute(
        sql(
            "SELECT b.board_id, b.state AS lifecycle, b.revision, b.created_at, b.updated_at,"
            " v.version_no, v.version, v.definition, v.state,"
            " coalesce(v.built_players / nullif(v.total_players, 0)::float8, 0) AS progress,"
            " v.build_error"
            " FROM boards b LEFT JOIN board_versions v"
            " ON v.board_id = b.board_id AND (v.state IN ('building', 'live')"
            " OR b.state <> 'active' AND v.version_no ="
            "   (SELECT max(l.version_no) FROM board_versions l WHERE l.board_id = b.board_id))"
            " WHERE b.board_id = coalesce(CAST(:board AS text), b.board_id)"
            " ORDER BY b.board_id, v.version_no"
        ),
        {"board": None if board is None else board.slug},
    ).all()
    by_board: dict[str, list[Any]] = {}
    for row in rows:
        by_board.setdefault(row.board_id, []).append(row)
    return [_read_board(versions) for versions in by_board.values()]


def _read_board(rows: Iterable[Any]) -> StoredBoard:
    versions: dict[VersionState, BoardVersion] = {}
    progress, error, unread = 0.0, None, None
    for row in rows:
        if row.version_no is None:
            continue
        try:
            version = read_version(row[5:9])
        except TransientError as problem:
            unread = unread or UnreadVersion(row.version, VersionState(row.state), problem.message)
            continue
        versions[version.state] = version
        if version.state is VersionState.BUILDING:
            progress, error = min(row.progress, 1.0), row.build_error
    return StoredBoard(
        board=BoardId(row.board_id),
        lifecycle=Lifecycle(row.lifecycle),
        revision=row.revision,
        live=versions.get(VersionState.LIVE),
        building=versions.get(VersionState.BUILDING),
        retired=versions.get(VersionState.RETIRED),
        unread=unread,
        progress=progress,
        build_error=error,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
