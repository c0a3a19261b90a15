"""Waiting: until a condition holds, and until the pipeline has no unfinished batch."""

import time
from collections.abc import Callable

import psycopg2.extensions

CHECK_EVERY_SECONDS = 0.05
_UNFINISHED = "SELECT count(*) FROM action_batches WHERE stage NOT IN ('done', 'split')"


def wait_until(holds: Callable[[], bool], *, timeout_seconds: float) -> float | None:
    """Wait until the condition holds; return the seconds waited, or None after the time-out."""
    started = time.monotonic()
    while (waited := time.monotonic() - started) < timeout_seconds:
        if holds():
            return waited
        time.sleep(CHECK_EVERY_SECONDS)
    return None


def is_drained(connection: psycopg2.extensions.connection) -> bool:
    """Return whether every batch in PostgreSQL is finished. The connection must autocommit."""
    with connection.cursor() as cursor:
        cursor.execute(_UNFINISHED)
        return cursor.fetchone() == (0,)
