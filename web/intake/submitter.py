"""Publishing batches to the broker on a separate thread: no request and no flush waits for Redis.

Called by the batcher; started by `web/server/background.py`.
"""

import queue
import threading
from collections.abc import Callable
from uuid import UUID

import structlog

from domain.errors import RedisUnavailableError
from workers.process.background import BackgroundThread

logger = structlog.get_logger(__name__)

MAX_QUEUED_BATCHES = 200
# With nothing to publish the thread still shows that it is alive.
IDLE_SECONDS = 2.0
STOP_SECONDS = 1.0


class Submitter:
    """Publishes batch ids in their order; a batch that cannot be published is the keeper's.

    `on_unpublished` is called with its id, on any thread: the keeper looks later than a request
    waits.
    """

    def __init__(
        self,
        publish: Callable[[UUID], None],
        *,
        on_unpublished: Callable[[UUID], None] = lambda _batch_id: None,
    ):
        self.thread = BackgroundThread("submitter", self._publish_next)
        self._publish = publish
        self._on_unpublished = on_unpublished
        self._queue: queue.Queue[UUID | None] = queue.Queue(MAX_QUEUED_BATCHES)
        self._is_drained = threading.Event()

    def start(self) -> None:
        """Start publishing in the background."""
        self.thread.start()

    def enqueue(self, batch_id: UUID) -> None:
        """Enqueue a batch for publishing; never blocks."""
        try:
            self._queue.put_nowait(batch_id)
        except queue.Full:
            logger.warning("batch left to the keeper", batch_id=str(batch_id), cause="full")
            self._on_unpublished(batch_id)

    def stop(self) -> None:
        """Publish what is queued and stop, within about STOP_SECONDS."""
        try:
            self._queue.put(None, timeout=STOP_SECONDS)
        except queue.Full:
            self.thread.stop(0)
            return
        self._is_drained.wait(STOP_SECONDS)
        self.thread.stop(STOP_SECONDS)

    def _publish_next(self) -> None:
        try:
            batch_id = self._queue.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return
        if batch_id is None:
            self.thread.stop()
            self._is_drained.set()
            return
        try:
            self._publish(batch_id)
        except RedisUnavailableError:
            logger.warning("batch left to the keeper", batch_id=str(batch_id), cause="broker")
            self._on_unpublished(batch_id)
        except Exception:
            self._on_unpublished(batch_id)
            raise
