"""Patience: a rebuild of millions of rows must outlive a Redis that does not answer for a while."""

import time
from collections.abc import Callable

from domain.errors import RedisUnavailableError

TRIES = 4
# Longer than the circuit breaker stays open.
PAUSE_SECONDS = 1.5


def write_patiently(write: Callable[[], object]) -> None:
    """Write again when Redis does not answer; raises RedisUnavailableError at the last try.

    For what may be written twice, because the reply alone may be lost.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            write()
            return
        except RedisUnavailableError:
            if not tries_left:
                raise
            time.sleep(PAUSE_SECONDS)
