"""The top of the board in memory, as the bus last told it; read anew while it is silent."""

import threading
import time

import structlog

from domain.boards.model import Top
from domain.boards.reader import read_top
from domain.events.wire import parse_message_top
from domain.store.store import Store
from web.server.greenlets import run_in_thread

logger = structlog.get_logger(__name__)

# While the bus cannot be heard a top is this old at most.
STALE_SECONDS = 0.1


class Board:
    """Answers the top without a query while the bus is heard."""

    def __init__(self, store: Store):
        self._store = store
        # One reads at a time; the other lock is held for moments only, also by the subscriber.
        self._reading = threading.Lock()
        self._mutex = threading.Lock()
        self._top: Top | None = None
        self._told: str | None = None
        self._read_at = 0.0
        self._hears_bus = False
        self._connections = 0

    def read(self) -> tuple[Top, bool]:
        """Return the top, and whether it was in memory. Raises DatabaseUnavailableError."""
        top = self._find_fresh()
        if top is not None:
            return top, True
        return run_in_thread(self._read_anew)

    def hear(self, raw: str) -> None:
        """Take a bus message; called on the subscriber's thread.

        It is read when somebody asks: under load more messages come than the board is looked at,
        and reading one takes a millisecond.
        """
        self._told = raw

    def connect(self) -> None:
        """The bus is heard from now on; what was published before is not in memory."""
        with self._mutex:
            self._top = self._told = None
            self._hears_bus = True
            self._connections += 1

    def lose(self) -> None:
        """The bus is not heard any more."""
        self._hears_bus = False

    def _read_anew(self) -> tuple[Top, bool]:
        with self._reading:
            # Who waited here while another read does not read it all over again.
            top = self._find_fresh()
            if top is not None:
                return top, True
            connections = self._connections
            top = read_top(self._store)
            self._keep(top, connections)
            return top, False

    def _find_fresh(self) -> Top | None:
        if self._told is not None:
            self._read_message()
        top = self._top
        if self._hears_bus or time.monotonic() - self._read_at < STALE_SECONDS:
            return top
        return None

    def _read_message(self) -> None:
        with self._mutex:
            raw, self._told = self._told, None
            if raw is None:
                return
            try:
                top = parse_message_top(raw)
            except (ValueError, KeyError, TypeError):
                logger.exception("bus message not understood")
                self._top = None
                return
            current = self._top
            if current is None or current.epoch != top.epoch or current.seq < top.seq:
                self._top = top

    def _keep(self, top: Top, connections: int) -> None:
        """Keep what was read, unless the bus has told something newer meanwhile.

        Nor if the bus was connected meanwhile: what was published between is in neither.
        """
        with self._mutex:
            if self._connections == connections and (self._top is None or not self._hears_bus):
                self._top = top
                self._read_at = time.monotonic()
