"""Waiting for a condition or for threads, with a time-out."""

import threading
import time
from collections.abc import Callable

EVERY_SECONDS = 0.01


def wait_until(holds: Callable[[], bool], *, timeout_seconds: float = 20.0) -> None:
    """Return once `holds()` is true; raise AssertionError after the time-out."""
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"the condition does not hold after {timeout_seconds} s")
        time.sleep(EVERY_SECONDS)


def run_in_threads(work: Callable[[], None], *, count: int, timeout_seconds: float = 60.0) -> None:
    """Run `work` in `count` threads and wait for all; raise the first exception of them."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised by the caller's thread below
            errors.append(error)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_seconds
    for thread in threads:
        thread.join(timeout=max(0.0, deadline - time.monotonic()))
    if errors:
        raise errors[0]
    if any(thread.is_alive() for thread in threads):
        raise AssertionError(f"threads are still running after {timeout_seconds} s")
