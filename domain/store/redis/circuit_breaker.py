"""The circuit breaker in front of Redis: after repeated failures, calls fail at once.

One probe a second goes through; a success closes the breaker. Called by `client.py`.
"""

import threading
import time
from collections.abc import Callable

FAILURES_TO_OPEN = 2
OPEN_SECONDS = 1.0


class CircuitBreaker:
    """Counts failures in a row; while open, it lets one probe through every OPEN_SECONDS.

    Thread-safe. `clock` is monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._probe_at = 0.0
        self._notify: Callable[[bool], None] = lambda _: None

    def on_change(self, notify: Callable[[bool], None]) -> None:
        """Call `notify` with whether the breaker is open, now and at every change, in order.

        It replaces an earlier callback, runs under the breaker's lock, and must be quick.
        """
        with self._lock:
            self._notify = notify
            notify(self.is_open)

    @property
    def is_open(self) -> bool:
        """Whether calls are refused now, except for probes."""
        return self._failures >= FAILURES_TO_OPEN

    def allow(self) -> bool:
        """Return whether a call may be made now; while open, only a probe."""
        if self._failures < FAILURES_TO_OPEN:
            return True
        with self._lock:
            now = self._clock()
            if now < self._probe_at:
                return False
            self._probe_at = now + OPEN_SECONDS
            return True

    def open(self) -> None:
        """Open at once, for a caller that needs no second failure to be sure."""
        with self._lock:
            self._set_failures(max(self._failures, FAILURES_TO_OPEN))
            self._probe_at = self._clock() + OPEN_SECONDS

    def record_success(self) -> None:
        """Close the breaker."""
        if self._failures:
            with self._lock:
                self._set_failures(0)

    def record_failure(self) -> None:
        """Count a failure; the second in a row opens the breaker."""
        with self._lock:
            self._set_failures(self._failures + 1)
            self._probe_at = self._clock() + OPEN_SECONDS

    def _set_failures(self, failures: int) -> None:
        was_open = self.is_open
        self._failures = failures
        if self.is_open != was_open:
            self._notify(self.is_open)
