"""The top of one board in memory, kept up to date by bus messages; read again while there are none.

Read by `web/routes/leaderboard.py`; the subscriber calls the `on_` methods on its thread. An answer
precedes the bus message of its batch: between the two the next read asks the store, once.
"""

import threading
import time
from collections.abc import Iterable
from uuid import UUID

import structlog

from domain.actions.model import Status
from domain.actions.replies import Reply
from domain.boards.model import TOP_SIZE, BoardId, Top
from domain.boards.reader import read_top
from domain.events.wire import parse_top
from domain.store.store import Store
from web.server.greenlets import run_in_thread

logger = structlog.get_logger(__name__)

# Without the bus, a top in memory is at most this old.
STALE_SECONDS = 0.1
# Batches that were answered and not seen yet; with more, the bus has lost their messages.
MAX_UNSEEN = 1000
# In a bus message the key of its batch; inside a name the quotes would be escaped.
_BATCH_KEY = '"batch":"'


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
        # Batches whose players may have been told of a change that `_top` does not have.
        self._unseen: set[str] = set()

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
        if self._unseen:
            with self._mutex:
                self._unseen.discard(_read_batch_id(raw))

    def on_results(self, batch_id: UUID, results: Iterable[Reply]) -> None:
        """Read the top again if these results change it; call it before the players are answered.

        The batch's standings must be on the board already. An action never lowers a score, so
        only one who is in the top afterwards changes it; a first score changes the number of users.
        """
        if not any(_may_change_top(result) for result in results):
            return
        with self._mutex:
            if len(self._unseen) >= MAX_UNSEEN:
                self._unseen.clear()
            self._unseen.add(str(batch_id))

    def on_connected(self) -> None:
        """Drop what is in memory: what was published before the connection is not in it."""
        with self._mutex:
            self._top = self._message = None
            self._unseen.clear()
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
            with self._mutex:
                before, connections = self._top, self._connections
                unseen = frozenset(self._unseen)
            top = read_top(self._store, board=self._board)
            if self._keep(top, before, connections):
                with self._mutex:
                    self._unseen -= unseen
            return top, False

    def _find_fresh(self) -> Top | None:
        if self._message is not None:
            self._parse_message()
        top = self._top
        if self._unseen:
            return None
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

    def _keep(self, top: Top, before: Top | None, connections: int) -> bool:
        """Keep what was read unless a bus message has brought a newer top; return whether it was.

        A message at the position of the read was published before it, so the read is newer. Nor is
        it kept if the bus was connected meanwhile: what was published in between is in neither.
        """
        with self._mutex:
            current = self._top
            is_newest = current is before or (
                current is not None and current.epoch == top.epoch and current.seq <= top.seq
            )
            if self._connections != connections or not (is_newest or not self._is_connected):
                return False
            self._top = top
            self._read_at = time.monotonic()
            return True


def _may_change_top(result: Reply) -> bool:
    if result.status is not Status.APPLIED:
        return False
    return not result.previous_score or result.rank is None or result.rank <= TOP_SIZE


def _read_batch_id(raw: str) -> str:
    """Return the batch of a bus message without parsing it; "" for any other text."""
    start = raw.find(_BATCH_KEY) + len(_BATCH_KEY)
    return raw[start : raw.find('"', start)] if start >= len(_BATCH_KEY) else ""
