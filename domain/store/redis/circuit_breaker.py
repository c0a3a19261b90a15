"""The breaker before Redis: after repeated failures nobody waits for it until a probe works."""

import threading
import time
from collections.abc import Callable

FAILURES_TO_OPEN = 2
OPEN_SECONDS = 1.0


class CircuitBreaker:
    """Counts failures in a row; open, it lets one probe through every OPEN_SECONDS.

    Thread-safe. `clock` is monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._probe_at = 0.0
        self._tell: Callable[[bool], None] = lambda _: None

    def watch(self, tell: Callable[[bool], None]) -> None:
        """Call `tell` with whether it is open, now and at every change, in their order.

        It is called under the breaker's lock and must be quick.
        """
        with self._lock:
            self._tell = tell
            tell(self.is_open)

    @property
    def is_open(self) -> bool:
        """Whether callers should not count on the other side now."""
        return self._failures >= FAILURES_TO_OPEN

    def allow(self) -> bool:
        """Return whether a call may go out now; when open, only the one that probes."""
        if self._failures < FAILURES_TO_OPEN:
            return True
        with self._lock:
            now = self._clock()
            if now < self._probe_at:
                return False
            self._probe_at = now + OPEN_SECONDS
            return True

    def open(self) -> None:
        """Hold everybody back at once, for whoever knows without a second failure."""
        with self._lock:
            self._count(max(self._failures, FAILURES_TO_OPEN))
            self._probe_at = self._clock() + OPEN_SECONDS

    def record_success(self) -> None:
        """Close the breaker."""
        if self._failures:
            with self._lock:
                self._count(0)

    def record_failure(self) -> None:
        """Count a failure; the second in a row opens the breaker."""
        with self._lock:
            self._count(self._failures + 1)
            self._probe_at = self._clock() + OPEN_SECONDS

    def _count(self, failures: int) -> None:
        was_open = self.is_open
        self._failures = failures
        if self.is_open != was_open:
            self._tell(self.is_open)
