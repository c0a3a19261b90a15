"""The age of the oldest unscored action, read once a second outside the path of requests.

Started by `web/server/background.py`; the batcher asks it before it takes more actions.
"""

from domain.store.postgres.actions.queue_age import read_queue_age_seconds
from domain.store.store import Store
from workers.background import BackgroundThread

READ_SECONDS = 1.0


class QueueAge:
    """Knows the age; intake refuses actions while it is above `max_seconds`."""

    def __init__(self, store: Store, *, max_seconds: float):
        self.seconds = 0.0
        self.thread = BackgroundThread("queue-age", self._read, every_seconds=READ_SECONDS)
        self._store = store
        self._max_seconds = max_seconds

    @property
    def is_overdue(self) -> bool:
        """Whether more actions would only lengthen a queue that is too long already."""
        return self.seconds > self._max_seconds

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
