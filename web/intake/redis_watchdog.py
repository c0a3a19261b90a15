"""The watch on Redis while requests wait for replies that come through it.

A stalled server keeps its connections open and says nothing: without the watch every request that
waits would wait to its end. Started in the background of an API process by `web/app.py`.
"""

import threading

import structlog

from domain.store.redis.client import RedisClient
from web.intake.pending import PendingBatches

logger = structlog.get_logger(__name__)

# With the gate's timeout of 0.3 s: a request is released within 0.4 s of the beginning of a stall.
LOOK_SECONDS = 0.1


class RedisWatch:
    """Asks Redis every LOOK_SECONDS while batches are in flight; without an answer, lands them."""

    def __init__(self, redis: RedisClient, pending: PendingBatches):
        self._redis = redis
        self._pending = pending
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="redis-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._look()
            except Exception:  # without this thread requests would wait for a stalled server
                logger.exception("redis not watched")

    def _look(self) -> None:
        if self._pending.expects_replies and not self._redis.check():
            logger.warning("replies given up", cause="redis")
            self._pending.give_up_all()
