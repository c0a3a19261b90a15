"""The top of the board in memory, as the bus last told it; read anew while it is silent."""

import threading
import time

from domain.leaderboards.model import Top
from domain.leaderboards.standings import read_top
from domain.live.model import parse_bus_message
from domain.store.connections import Store

# While the bus cannot be heard a top is this old at most.
STALE_SECONDS = 0.1


class Board:
    """Answers the top without a query while the bus is heard."""

    def __init__(self, store: Store):
        self._store = store
        self._mutex = threading.Lock()
        self._top: Top | None = None
        self._read_at = 0.0
        self._hears_bus = False

    def read(self) -> tuple[Top, bool]:
        """Return the top, and whether it was in memory. Raises DatabaseUnavailableError."""
        top = self._top
        if top is not None and (
            self._hears_bus or time.monotonic() - self._read_at < STALE_SECONDS
        ):
            return top, True
        with self._mutex:
            return self._read_anew(), False

    def hear(self, raw: str) -> None:
        """Take a bus message; called on the subscriber's thread."""
        top = parse_bus_message(raw).top
        current = self._top
        if current is None or current.epoch != top.epoch or current.seq < top.seq:
            self._top = top

    def connect(self) -> None:
        """The bus is heard from now on; what was published before is not in memory."""
        self._top = None
        self._hears_bus = True

    def lose(self) -> None:
        """The bus is not heard any more."""
        self._hears_bus = False

    def _read_anew(self) -> Top:
        top = read_top(self._store)
        current = self._top
        if current is None or not self._hears_bus or current.epoch != top.epoch:
            self._top = top
            self._read_at = time.monotonic()
        return top
