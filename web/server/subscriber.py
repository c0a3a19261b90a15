"""The Redis subscription of a web process: one thread that receives, dispatches and reconnects."""

from collections.abc import Callable, Mapping

import structlog

from domain.errors import RedisUnavailableError
from domain.store.redis.client import RedisClient
from domain.store.redis.subscription import POLL_SECONDS, Message, Subscription
from workers.process.background import BackgroundThread

logger = structlog.get_logger(__name__)

RECONNECT_SECONDS = (0.1, 0.2, 0.5, 1.0)


class Subscriber:
    """Subscribes to channels and calls each one's handler with the raw text of every message.

    Handlers run on the subscriber's thread and must be quick. `on_connected` runs after every
    (re)connection, because what was published in between is gone; `on_lost` after every loss and
    every failed attempt to connect.
    """

    def __init__(
        self,
        redis: RedisClient,
        handlers: Mapping[str, Callable[[str], None]],
        *,
        on_connected: Callable[[], None] = lambda: None,
        on_lost: Callable[[], None] = lambda: None,
    ):
        # Essential: a Redis that is away is no failure of it, so only a defect ends the process.
        self.thread = BackgroundThread("subscriber", self._receive_next, essential=True)
        self.is_connected = False
        self._redis = redis
        self._handlers = dict(handlers)
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._subscription: Subscription | None = None
        self._failures = 0

    def start(self) -> None:
        """Start receiving in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop receiving and wait for the thread to end."""
        self.thread.stop(2 * POLL_SECONDS)
        if not self.thread.is_alive:
            self._close()

    def _receive_next(self) -> None:
        """Connect if needed and dispatch what comes within a poll: one step of the thread."""
        try:
            if self._subscription is None:
                self._connect()
            else:
                self._dispatch(self._subscription.receive())
        except RedisUnavailableError as error:
            self._lose(error)
            self.thread.pause(RECONNECT_SECONDS[self._failures])
            self._failures = min(self._failures + 1, len(RECONNECT_SECONDS) - 1)
        except Exception as error:
            # The message is lost to its handler: what that keeps must be read again.
            self._lose(error)
            raise

    def _connect(self) -> None:
        self._subscription = Subscription(self._redis, self._handlers)
        early = self._subscription.confirm()
        self.is_connected = True
        self._failures = 0
        self._on_connected()
        for message in early:
            self._dispatch(message)

    def _dispatch(self, message: Message | None) -> None:
        if message is not None:
            self._handlers[message.channel](message.text)

    def _lose(self, error: Exception) -> None:
        if self.is_connected:
            logger.warning("subscription lost", error=type(error).__name__)
        self.is_connected = False
        self._close()
        self._on_lost()

    def _close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
