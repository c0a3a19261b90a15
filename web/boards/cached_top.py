"""The top of one board in memory, kept up to date by bus messages; read again while there are none.

Read by `web/routes/leaderboard.py`; the subscriber calls the `on_` methods on its thread.
"""

import threading
import time

import structlog

from domain.boards.model import BoardId, Top
from domain.boards.reader import read_top
from domain.events.wire import parse_top
from domain.store.store import Store
from web.server.greenlets import run_in_thread

logger = structlog.get_logger(__name__)

# Without the bus, a top in memory is at most this old.
STALE_SECONDS = 0.1


class CachedTop:
    """Returns the top without a query while the bus is connected. Thread-safe."""

    def __init__(self, store: Store, board: BoardId):
        self._store = store
        self._board = board
        # One thread reads at a time. The mutex is held for moments only, also by the subscriber.
        self._reading = threading.Lock()
        self._mutex = threading.Lock()
        self._top: Top | None = None
        self._message: str | None = None
        self._read_at = 0.0
        self._is_connected = False
        self._connections = 0

    def read(self) -> tuple[Top, bool]:
        """Return the top, and whether it was in memory. Raises DatabaseUnavailableError."""
        top = self._find_fresh()
        if top is not None:
            return top, True
        return run_in_thread(self._read_store)

    def on_message(self, raw: str) -> None:
        """Keep a bus message, to be parsed when the top is read next.

        Parsing one takes a millisecond, and under load more messages come than reads.
        """
        self._message = raw

    def on_connected(self) -> None:
        """Drop what is in memory: what was published before the connection is not in it."""
        with self._mutex:
            self._top = self._message = None
            self._is_connected = True
            self._connections += 1

    def on_lost(self) -> None:
        """Stop relying on the bus."""
        self._is_connected = False

    def _read_store(self) -> tuple[Top, bool]:
        with self._reading:
            # Another thread may have read it while this one waited for the lock.
            top = self._find_fresh()
            if top is not None:
                return top, True
            connections = self._connections
            top = read_top(self._store, board=self._board)
            self._keep(top, connections)
            return top, False

    def _find_fresh(self) -> Top | None:
        if self._message is not None:
            self._parse_message()
        top = self._top
        if self._is_connected or time.monotonic() - self._read_at < STALE_SECONDS:
            return top
        return None

    def _parse_message(self) -> None:
        with self._mutex:
            raw, self._message = self._message, None
            if raw is None:
                return
            try:
                top = parse_top(raw)
            except (ValueError, KeyError, TypeError):
                logger.exception("bus message not understood")
                self._top = None
                return
            current = self._top
            if current is None or current.epoch != top.epoch or current.seq < top.seq:
                self._top = top

    def _keep(self, top: Top, connections: int) -> None:
        """Keep what was read, unless a bus message has brought a newer top meanwhile.

        Nor if the bus was connected meanwhile: what was published in between is in neither.
        """
        with self._mutex:
            if self._connections == connections and (self._top is None or not self._is_connected):
                self._top = top
                self._read_at = time.monotonic()
