"""The live process as a whole: its hub, its sessions, its clock, and how it ends."""

import random
import threading
import time
from datetime import UTC, datetime

import structlog

from domain.boards.model import GLOBAL_BOARD
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from web.access.verifier import TokenVerifier
from web.live import encoding, metrics
from web.live.board_source import BoardSource
from web.live.close_codes import CloseCode
from web.live.connection.handshake import GoingAwayError, list_allowed_origins
from web.live.connection.limits import Seats
from web.live.connection.session import Session
from web.live.hub import Hub
from web.server.subscriber import Subscriber
from workers.metrics import watch_breaker

logger = structlog.get_logger(__name__)

EXTENSION = "laurel-live"
BEAT_SECONDS = 1.0
# Clients come back spread over this long, and longer when they are many: 1,000 a second.
MIN_RETRY_SPREAD_MS = 2_000
FAREWELL_SECONDS = 0.5
_CHANCE = random.SystemRandom()


class LiveService:
    """Everything that lives as long as the process; `start` it once, after the fork."""

    def __init__(self, settings: Settings, store: Store):
        self.settings = settings
        self.store = store
        self.verifier = TokenVerifier(settings, store)
        self.hub = Hub(BoardSource(store, GLOBAL_BOARD))
        self.seats = Seats(settings)
        self.allowed_origins = list_allowed_origins(settings)
        self.is_going_away = False
        self._sessions: set[Session] = set()
        self._subscriber = Subscriber(
            store.redis,
            {
                keys.bus_channel(): self.hub.handle_message,
                keys.revocation_channel(): self.verifier.look_soon,
            },
            on_connected=self.hub.handle_connected,
            on_lost=self.hub.handle_lost,
        )

    @property
    def open_sockets(self) -> int:
        """How many sockets are open now."""
        return len(self._sessions)

    def count_queued_sockets(self) -> int:
        """Return how many sockets have something waiting that their kernel does not take yet."""
        return sum(session.is_queued for session in self._sessions)

    def start(self) -> None:
        """Begin to listen to the bus, to look for revocations, and to keep time."""
        watch_breaker(self.store.redis)
        self.verifier.start()
        self._subscriber.start()
        threading.Thread(target=self._keep_time, name="heartbeat", daemon=True).start()
        threading.Thread(target=self._keep_looking, name="look again", daemon=True).start()

    def check_staying(self) -> None:
        """Refuse newcomers while the process ends. Raises GoingAwayError."""
        if self.is_going_away:
            raise GoingAwayError

    def run_session(self, session: Session) -> None:
        """Keep a session among those that time is kept for, until it ends."""
        self._sessions.add(session)
        metrics.connections_active.inc()
        try:
            session.run()
        finally:
            self._sessions.discard(session)
            metrics.connections_active.dec()

    def go_away(self) -> None:
        """Tell every listener when to come back, close its socket, and cut who does not answer."""
        if self.is_going_away:
            return
        self.is_going_away = True
        leaving = tuple(self._sessions)
        logger.info("going away", sockets=len(leaving))
        spread_ms = max(MIN_RETRY_SPREAD_MS, len(leaving))
        for session in leaving:
            session.say(encoding.going_away(_CHANCE.randrange(spread_ms)))
            session.close(CloseCode.GOING_AWAY, "going_away")
        deadline = time.monotonic() + FAREWELL_SECONDS
        while self._sessions and time.monotonic() < deadline:
            time.sleep(0.02)
        for session in tuple(self._sessions):
            session.abort()

    def _keep_time(self) -> None:
        while not self.is_going_away:
            now, at = time.monotonic(), datetime.now(UTC)
            for session in tuple(self._sessions):
                _beat(session, now, at)
            time.sleep(BEAT_SECONDS)

    def _keep_looking(self) -> None:
        while not self.is_going_away:
            try:
                self.hub.recover_position()
            except Exception as error:
                logger.error("board not looked at", error=type(error).__name__, exc_info=error)
            time.sleep(BEAT_SECONDS)


def _beat(session: Session, now: float, at: datetime) -> None:
    try:
        session.beat(now, at)
    except Exception as error:
        # One socket's trouble must not stop the heart of all.
        logger.error("beat failed", error=type(error).__name__, exc_info=error)
        session.abort()
