"""The watchdog of Redis while requests wait for replies that come through it.

A stalled server keeps its connections open and sends nothing: without the watchdog every waiting
request would wait to its end. Started by `web/server/background.py`.
"""

import structlog

from domain.store.redis.client import RedisClient
from web.intake.pending import PendingBatches
from workers.process.background import BackgroundThread

logger = structlog.get_logger(__name__)

# With Redis's timeout of 0.3 s a request is released within 0.4 s of the beginning of a stall.
CHECK_SECONDS = 0.1


class RedisWatchdog:
    """Pings Redis every CHECK_SECONDS while replies are expected; gives them up without a pong."""

    def __init__(self, redis: RedisClient, pending: PendingBatches):
        self.thread = BackgroundThread("redis-watchdog", self._check, every_seconds=CHECK_SECONDS)
        self._redis = redis
        self._pending = pending

    def start(self) -> None:
        """Start checking in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop checking."""
        self.thread.stop()

    def _check(self) -> None:
        if self._pending.expects_replies and not self._redis.check():
            logger.warning("replies given up", cause="redis")
            self._pending.give_up_all()
