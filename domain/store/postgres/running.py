"""The transactions that are running, so that another thread can abandon one that gets no answer.

Timeouts of the server do not help when the server's own process has stopped. Used by
`Store.intake`.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
from sqlalchemy import Connection


class RunningTransactions:
    """Knows since when each connection is in use; thread-safe. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        # By psycopg2's connections: SQLAlchemy's may be without one in between.
        self._running: dict[Any, float] = {}

    @contextmanager
    def watch(self, connection: Connection) -> Iterator[None]:
        """Let the transaction of this connection be abandoned while the block runs."""
        running = connection.connection.dbapi_connection
        with self._lock:
            self._running[running] = self._clock()
        try:
            yield
        finally:
            with self._lock:
                del self._running[running]

    def abandon(self, *, older_than_seconds: float) -> int:
        """End the connections of the transactions that have run for longer; return how many.

        What waits for an answer on one of them gets an error, as if the server had gone away.
        """
        with self._lock:
            limit = self._clock() - older_than_seconds
            overdue = [running for running, since in self._running.items() if since < limit]
            for running in overdue:
                _shut_down(running)
                # Once is enough: its thread is waking up.
                self._running[running] = self._clock()
        return len(overdue)


def _shut_down(connection: Any) -> None:
    # A copy of the descriptor: libpq closes its own.
    with (
        suppress(OSError, psycopg2.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as way,
    ):
        way.shutdown(socket.SHUT_RDWR)
