"""The live process as a whole: what it is made of, its background threads, its shutdown.

`app.py` makes one, `gunicorn_conf.py` starts it after the fork and shuts it down.
"""

import random
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from domain.boards.model import GLOBAL_BOARD
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from web.access.verifier import TokenVerifier
from web.live import metrics
from web.live.board_source import BoardSource
from web.live.boards.live_boards import LiveBoards
from web.live.connection.handshake import GoingAwayError, list_allowed_origins
from web.live.connection.limits import ConnectionLimit
from web.live.connection.session import Session
from web.live.connection.subscriptions import Subscriptions
from web.live.hub import Hub
from web.server.subscriber import Subscriber
from workers.metrics import watch_store
from workers.process.background import BackgroundThread
from workers.process.garbage_collector import tune_garbage_collector

logger = structlog.get_logger(__name__)

EXTENSION = "laurel-live"
CHECK_SECONDS = 1.0
# A third of the time for which Redis keeps it.
ANNOUNCE_SECONDS = keys.LISTENED_TTL_SECONDS / 3
# Clients are told to come back spread over this long, or longer: at most 1,000 a second.
MIN_RETRY_SPREAD_MS = 2_000
SHUTDOWN_SECONDS = 0.5
START_SECONDS = 5.0
_CHANCE = random.SystemRandom()


class LiveService:
    """Everything that lives as long as the process; `start` it once, after the fork."""

    def __init__(self, settings: Settings, store: Store):
        self.settings = settings
        self.store = store
        self.verifier = TokenVerifier(settings, store)
        self.hub = Hub(BoardSource(store, GLOBAL_BOARD))
        self.boards = LiveBoards(store)
        self.subscriptions = Subscriptions(self.hub, self.boards)
        self.connection_limit = ConnectionLimit(settings)
        self.allowed_origins = list_allowed_origins(settings)
        self.is_shutting_down = False
        self._sessions: set[Session] = set()
        self._looked_at_bus = threading.Event()
        self._subscriber = Subscriber(
            store.redis,
            {
                keys.bus_channel(GLOBAL_BOARD): self._handle_bus_message,
                keys.rankings_channel(): self.boards.handle_message,
                keys.revocation_channel(): self.verifier.look_soon,
            },
            on_connected=self._handle_connected,
            on_lost=self._handle_lost,
        )
        # Without it the last change of a window would not be sent.
        self._flushes = BackgroundThread("flushes", self._flush, essential=True)
        self.hub.on_held = self._flushes.wake
        self._standings = BackgroundThread("standings", self._tell_moved)
        self.hub.watch.on_changed = self._standings.wake
        # Without its deadlines no dead connection would ever be closed: that thread is essential.
        self._threads = (
            BackgroundThread(
                "deadlines", self._check_deadlines, every_seconds=CHECK_SECONDS, essential=True
            ),
            self._flushes,
            self._standings,
            BackgroundThread("position", self.hub.recover_position, every_seconds=CHECK_SECONDS),
            BackgroundThread(
                "listened", self.hub.audience.announce_all, every_seconds=ANNOUNCE_SECONDS
            ),
            *self.boards.threads,
        )

    @property
    def open_sockets(self) -> int:
        """How many sockets are open now."""
        return len(self._sessions)

    def count_queued_sockets(self) -> int:
        """Return how many sockets have something queued that their kernel does not take yet."""
        return sum(session.has_queued for session in self._sessions)

    def read_thread_ages(self) -> Mapping[str, float]:
        """Return for each background thread the seconds since its last success."""
        return {thread.name: round(thread.seconds_since_success, 1) for thread in self._threads}

    def start(self) -> None:
        """Subscribe to the bus, and start the background threads.

        Waits until the bus is followed, or known to be away: who comes back right after a restart
        could not resume before. What exists then is left out by the garbage collector, which would
        look at all of it again for every few hundred newcomers.
        """
        watch_store(self.store)
        self.verifier.start()
        self._subscriber.start()
        for thread in self._threads:
            thread.start()
        self._looked_at_bus.wait(START_SECONDS)
        tune_garbage_collector()

    def check_accepting(self) -> None:
        """Refuse new connections during the shutdown. Raises GoingAwayError."""
        if self.is_shutting_down:
            raise GoingAwayError

    def run_session(self, session: Session) -> None:
        """Run a session until it ends; its deadlines are checked meanwhile."""
        self._sessions.add(session)
        metrics.connections_active.inc()
        try:
            self.hub.expect(session.user_id)
            session.run()
        finally:
            self._sessions.discard(session)
            metrics.connections_active.dec()

    def shut_down(self) -> None:
        """Tell every client when to come back, close its socket, and cut those that do not answer.

        Returns after SHUTDOWN_SECONDS at the latest.
        """
        if self.is_shutting_down:
            return
        self.is_shutting_down = True
        for thread in self._threads:
            thread.stop(timeout_seconds=0)
        leaving = tuple(self._sessions)
        logger.info("shutting down", sockets=len(leaving))
        spread_ms = max(MIN_RETRY_SPREAD_MS, len(leaving))
        for session in leaving:
            session.go_away(_CHANCE.randrange(spread_ms))
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        while self._sessions and time.monotonic() < deadline:
            time.sleep(0.02)
        for session in tuple(self._sessions):
            session.abort()

    def _flush(self) -> None:
        self._flushes.pause(self.hub.flush_due())

    def _tell_moved(self) -> None:
        self._standings.pause(self.hub.watch.seconds_to_look())
        self.hub.tell_moved()

    def _handle_connected(self) -> None:
        self.hub.handle_connected()
        self._looked_at_bus.set()
        self.boards.handle_connected()

    def _handle_lost(self) -> None:
        self.hub.handle_lost()
        self.boards.handle_lost()
        self._looked_at_bus.set()

    def _handle_bus_message(self, raw: str) -> None:
        self.hub.handle_message(raw)
        self.boards.global_around.handle_message(raw)

    def _check_deadlines(self) -> None:
        now, at = time.monotonic(), datetime.now(UTC)
        for session in tuple(self._sessions):
            try:
                session.check_deadlines(now, at)
            except Exception as error:
                # One session's failure must not keep the others from their deadlines.
                logger.error("deadlines not checked", error=type(error).__name__, exc_info=error)
                session.abort()
