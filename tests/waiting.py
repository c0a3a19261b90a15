"""Waiting for a fact instead of sleeping: a test ends as soon as it can and fails with a limit."""

import time
from collections.abc import Callable

EVERY_SECONDS = 0.01


def wait_until(fact: Callable[[], bool], *, timeout_seconds: float = 20.0) -> None:
    """Return once `fact()` is true; raises AssertionError when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    while not fact():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {timeout_seconds} s")
        time.sleep(EVERY_SECONDS)
