"""How old the oldest unscored action is, looked up once a second off the path of requests."""

import threading

import structlog

from domain.errors import DatabaseUnavailableError
from domain.store.postgres.actions.batches import read_queue_age_seconds
from domain.store.store import Store

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


class QueueAge:
    """Knows the age; intake asks it before it takes more than can be handled."""

    def __init__(self, store: Store, *, most_seconds: float):
        self.seconds = 0.0
        self._store = store
        self._most_seconds = most_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue-age", daemon=True)

    @property
    def is_overdue(self) -> bool:
        """Whether taking more would only lengthen a queue that is too long already."""
        return self.seconds > self._most_seconds

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join(timeout=LOOK_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._store.write() as connection:
                    self.seconds = read_queue_age_seconds(connection)
            except DatabaseUnavailableError:
                # Intake will say so itself; an old age must not outlive the outage.
                self.seconds = 0.0
            except Exception:  # a thread that ended would leave its last age standing for ever
                logger.exception("queue age not read")
                self.seconds = 0.0
            self._stopping.wait(LOOK_SECONDS)
