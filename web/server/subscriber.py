"""The one Redis subscription of a web process: a thread that reads, hands over and reconnects."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from redis.exceptions import RedisError

from domain.errors import RedisUnavailableError
from domain.store.redis.client import RedisClient

logger = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
# Pings that may stay without an answer: a stalled server keeps its connections open.
MAX_SILENT_POLLS = 3
RECONNECT_SECONDS = (0.1, 0.2, 0.5, 1.0)


class Subscriber:
    """Listens on channels and calls each one's handler with the raw text of every message.

    Handlers run on the subscriber's thread and must be quick. `on_connected` runs after every
    (re)connection, because what was published in between is gone; `on_lost` after every loss.
    """

    def __init__(
        self,
        redis: RedisClient,
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
            except (RedisError, RedisUnavailableError, OSError) as error:
                failures = self._lose(failures, error)
            except Exception as error:
                logger.error("message not handled", error=type(error).__name__, exc_info=error)
                failures = self._lose(failures, error)

    def _lose(self, failures: int, error: Exception) -> int:
        if self.connected:
            failures = 0
            logger.warning("subscription lost", error=type(error).__name__)
        self.connected = False
        self._on_lost()
        self._stopping.wait(RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)])
        return failures + 1

    def _listen(self) -> None:
        pubsub = self._redis.subscribe(*self._handlers)
        try:
            early = self._await_confirmations(pubsub)
            self.connected = True
            self._on_connected()
            for message in early:
                self._hand_over(message)
            self._hand_over_all(pubsub)
        finally:
            pubsub.close()

    def _await_confirmations(self, pubsub: Any) -> list[dict[str, Any]]:
        """Return the messages that came before the last confirmation.

        What `on_connected` reads must be read after the server counts us among the subscribers, or
        a message published in between would be in neither.
        """
        early = []
        awaited = set(self._handlers)
        while awaited:
            message = pubsub.get_message(timeout=POLL_SECONDS)
            if message is None:
                raise RedisUnavailableError
            if message["type"] == "subscribe":
                awaited.discard(message["channel"])
            else:
                early.append(message)
        return early

    def _hand_over_all(self, pubsub: Any) -> None:
        silent_polls = 0
        while not self._stopping.is_set():
            message = pubsub.get_message(timeout=POLL_SECONDS)
            if message is not None:
                silent_polls = 0
                self._hand_over(message)
                continue
            silent_polls += 1
            if silent_polls > MAX_SILENT_POLLS:
                raise RedisUnavailableError
            pubsub.ping()

    def _hand_over(self, message: dict[str, Any]) -> None:
        if message["type"] == "message":
            self._handlers[message["channel"]](message["data"])
