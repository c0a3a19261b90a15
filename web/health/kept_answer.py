"""An answer that is made at most once in a while, however many ask for it."""

import threading
import time
from collections.abc import Callable
from typing import Any

FRESH_SECONDS = 1.0


class KeptAnswer:
    """Keeps the last answer for FRESH_SECONDS; thread-safe. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._answer: Any = None
        self._made_at: float | None = None

    def read(self, make: Callable[[], Any]) -> Any:
        """Return the answer; who asks while another makes it waits for that one.

        Raises what `make` raises, and keeps nothing then.
        """
        with self._lock:
            if self._made_at is None or self._clock() - self._made_at >= FRESH_SECONDS:
                self._answer = make()
                self._made_at = self._clock()
            return self._answer
