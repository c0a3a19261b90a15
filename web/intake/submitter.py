"""The hand-over to the broker, on a thread of its own: no request ever waits for Redis here."""

import queue
import threading
from collections.abc import Callable
from uuid import UUID

import structlog

from domain.errors import RedisUnavailableError

logger = structlog.get_logger(__name__)

MAX_QUEUED_BATCHES = 200


class Submitter:
    """Publishes batch ids one after another; what does not fit is left to the keeper.

    `on_left` hears of it: the keeper looks later than a request waits.
    """

    def __init__(
        self,
        publish: Callable[[UUID], None],
        *,
        on_left: Callable[[UUID], None] = lambda _batch_id: None,
    ):
        self._publish = publish
        self._on_left = on_left
        self._queue: queue.Queue[UUID | None] = queue.Queue(MAX_QUEUED_BATCHES)
        self._thread = threading.Thread(target=self._run, name="submitter", daemon=True)
        self._thread.start()

    def submit(self, batch_id: UUID) -> None:
        """Queue a batch; returns at once."""
        try:
            self._queue.put_nowait(batch_id)
        except queue.Full:
            logger.warning("batch left to the keeper", batch_id=str(batch_id), cause="full")
            self._on_left(batch_id)

    def close(self) -> None:
        """Publish what is queued and stop, within a second."""
        try:
            self._queue.put(None, timeout=1.0)
        except queue.Full:
            return
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while (batch_id := self._queue.get()) is not None:
            try:
                self._publish(batch_id)
                continue
            except RedisUnavailableError:
                logger.warning("batch left to the keeper", batch_id=str(batch_id), cause="broker")
            except Exception:  # without this thread every batch would be left to the keeper
                logger.exception("batch left to the keeper", batch_id=str(batch_id))
            self._on_left(batch_id)
