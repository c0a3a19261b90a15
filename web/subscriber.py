"""The one Redis subscription of a web process: a thread that reads, hands over and reconnects."""

import threading
from collections.abc import Callable, Mapping

import structlog
from redis.exceptions import RedisError

from domain.errors import RedisUnavailableError
from domain.store.redis_gate import RedisGate

logger = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
RECONNECT_SECONDS = (0.1, 0.2, 0.5, 1.0)


class Subscriber:
    """Listens on channels and calls each one's handler with the raw text of every message.

    Handlers run on the subscriber's thread and must be quick. `on_connected` runs after every
    (re)connection, because what was published in between is gone; `on_lost` after every loss.
    """

    def __init__(
        self,
        redis: RedisGate,
        handlers: Mapping[str, Callable[[str], None]],
        *,
        on_connected: Callable[[], None] = lambda: None,
        on_lost: Callable[[], None] = lambda: None,
    ):
        self._redis = redis
        self._handlers = dict(handlers)
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)
        self.connected = False

    def start(self) -> None:
        """Start listening in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and wait for the thread to end."""
        self._stopping.set()
        self._thread.join(timeout=2 * POLL_SECONDS)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._listen()
                failures = 0
            except (RedisError, RedisUnavailableError, OSError) as error:
                if self.connected:
                    failures = 0
                    logger.warning("subscription lost", error=type(error).__name__)
                self.connected = False
                self._on_lost()
                pause = RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)]
                failures += 1
                self._stopping.wait(pause)

    def _listen(self) -> None:
        pubsub = self._redis.subscribe(*self._handlers)
        try:
            self.connected = True
            self._on_connected()
            while not self._stopping.is_set():
                message = pubsub.get_message(timeout=POLL_SECONDS)
                if message is None:
                    pubsub.ping()
                elif message["type"] == "message":
                    self._handlers[message["channel"]](message["data"])
        finally:
            pubsub.close()
