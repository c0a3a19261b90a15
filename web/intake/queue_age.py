"""The age of the queue of unscored actions, read once a second outside the path of requests.

Started by `web/server/background.py`; the batcher asks it before it takes more actions.
"""

import threading
import time
from collections.abc import Callable

from domain.store.postgres.actions.queue_age import read_queue_age_seconds
from domain.store.store import Store
from workers.process.background import BackgroundThread

READ_SECONDS = 1.0
TRY_SECONDS = 1.0


class QueueAge:
    """Knows the age; intake refuses actions while it is above `max_seconds`.

    One request a second is let through all the same: if its action overtakes the old one, the
    queue is not long. `clock` is monotonic, in seconds.
    """

    def __init__(
        self, store: Store, *, max_seconds: float, clock: Callable[[], float] = time.monotonic
    ):
        self.seconds = 0.0
        self.thread = BackgroundThread("queue-age", self._read, every_seconds=READ_SECONDS)
        self._store = store
        self._max_seconds = max_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._tried_at = -TRY_SECONDS

    @property
    def is_overdue(self) -> bool:
        """Whether the queue is too long."""
        return self.seconds > self._max_seconds

    def refuses(self) -> bool:
        """Return whether a request must be refused: it would lengthen a queue that is too long."""
        if not self.is_overdue:
            return False
        with self._lock:
            now = self._clock()
            if now < self._tried_at + TRY_SECONDS:
                return True
            self._tried_at = now
            return False

    def start(self) -> None:
        """Start reading the age in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self.thread.stop()

    def _read(self) -> None:
        try:
            with self._store.write() as connection:
                self.seconds = read_queue_age_seconds(connection)
        except Exception:
            # An old age must not refuse actions forever; an outage is reported by the commit.
            self.seconds = 0.0
            raise
