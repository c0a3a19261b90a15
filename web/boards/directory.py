"""The boards that can be read, in memory: asked for again when the catalog's revision has changed.

Used by the views of boards. The board `global` is one of them, although SQL has no row of it.
"""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from domain.boards.model import GLOBAL_BOARD, BoardId, is_slug
from domain.errors import BoardNotFoundError, DatabaseUnavailableError
from domain.rankings.definition import GLOBAL_DEFINITION, BoardDefinition, Readers
from domain.rankings.model import BoardVersion, Lifecycle, VersionState
from domain.rankings.reads.finding import RememberedRankings
from domain.store.postgres.rankings.catalog import read_catalog, read_revision
from domain.store.postgres.rankings.stored_boards import find_stored_board
from domain.store.store import Store

# How old the answer may be: a new board, version or definition is seen after this.
FRESH_SECONDS = 1.0
GLOBAL_VERSION = BoardVersion(0, 1, GLOBAL_DEFINITION, VersionState.LIVE)


@dataclass(frozen=True, slots=True)
class ReadableBoard:
    """A board: the version that is read, and the one that is being built; at least one of them.

    One that is archived has its last version, of which closed periods may be read.
    """

    live: BoardVersion | None
    building: BoardVersion | None
    is_archived: bool = False

    @property
    def shown(self) -> BoardVersion:
        """The version by which the board is described."""
        version = self.live or self.building
        assert version is not None
        return version

    @property
    def definition(self) -> BoardDefinition:
        """The definition by which the board is described."""
        return self.shown.definition

    @property
    def state(self) -> str:
        """Where the board is, in one word."""
        if self.is_archived:
            return Lifecycle.ARCHIVED.value
        return (VersionState.LIVE if self.live else VersionState.BUILDING).value

    @property
    def is_global(self) -> bool:
        """Whether this is the board of every player and every action."""
        return self.definition.id == GLOBAL_BOARD


@dataclass(frozen=True)
class _Known:
    """The boards at one revision of the catalog."""

    revision: int
    boards: Mapping[str, ReadableBoard]
    rankings: RememberedRankings = field(default_factory=RememberedRankings)


class BoardDirectory:
    """Finds boards; thread-safe. While PostgreSQL is away it answers with what it knew last."""

    def __init__(self, store: Store):
        self._store = store
        self._reading = threading.Lock()
        self._known: _Known | None = None
        self._read_at = 0.0

    def list(self, *, is_player: bool, is_admin: bool) -> list[ReadableBoard]:
        """Return the boards that this caller may read, by id, the board `global` first.

        Raises DatabaseUnavailableError before the first answer.
        """
        boards = self._find_fresh().boards.values()
        return [board for board in boards if may_read(board, is_player, is_admin)]

    def find(self, board_id: str, *, is_admin: bool) -> ReadableBoard:
        """Return the board; an admin finds archived ones too.

        Raises BoardNotFoundError, and DatabaseUnavailableError as `list`.
        """
        if not is_slug(board_id):
            raise BoardNotFoundError
        found = self._find_fresh().boards.get(board_id)
        if found is None and is_admin:
            found = self._find_archived(BoardId(board_id))
        if found is None:
            raise BoardNotFoundError
        return found

    def _find_archived(self, board: BoardId) -> ReadableBoard | None:
        with self._store.read() as connection:
            stored = find_stored_board(connection, board=board)
        if stored is None or stored.lifecycle is not Lifecycle.ARCHIVED:
            return None
        return ReadableBoard(stored.shown, None, is_archived=True)

    @property
    def rankings(self) -> RememberedRankings:
        """What is known of the rankings of these boards."""
        return self._find_fresh().rankings

    def _find_fresh(self) -> _Known:
        known = self._known
        if known is not None and time.monotonic() - self._read_at < FRESH_SECONDS:
            return known
        # One thread asks; the others go on with what is known, and wait only for the first answer.
        if not self._reading.acquire(blocking=known is None):
            assert known is not None
            return known
        try:
            return self._read()
        finally:
            self._reading.release()

    def _read(self) -> _Known:
        known = self._known
        if known is None:
            known = self._ask(None)
        else:
            with suppress(DatabaseUnavailableError):
                known = self._ask(known)
        self._known, self._read_at = known, time.monotonic()
        return known

    def _ask(self, known: _Known | None) -> _Known:
        with self._store.read() as connection:
            if known is not None and read_revision(connection) == known.revision:
                return known
            revision, versions = read_catalog(connection)
        boards = {GLOBAL_BOARD.slug: ReadableBoard(GLOBAL_VERSION, None)}
        for slug in sorted({version.definition.id.slug for version in versions}):
            of_board = [version for version in versions if version.definition.id.slug == slug]
            by_state = {version.state: version for version in of_board}
            boards[slug] = ReadableBoard(
                by_state.get(VersionState.LIVE), by_state.get(VersionState.BUILDING)
            )
        return _Known(revision, boards)


def may_read(board: ReadableBoard, is_player: bool, is_admin: bool) -> bool:
    """Return whether a caller may read the board; a player has a token."""
    readers = board.definition.readers
    return is_admin or readers is Readers.EVERYONE or (is_player and readers is Readers.PLAYERS)
