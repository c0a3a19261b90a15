"""The handover: the next link's message, from the task that has ended to the consumer that ran it.

A task puts it here (`workers/link_task.py` says when), and `workers/transport.py` runs it at once
as the broker's next message: there is no round trip for each link.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery.worker import state


class Handover:
    """At most one message. Belongs to the thread that runs a worker's tasks.

    Open only while the consumer handles a message: a retry, for instance, runs at another time, and
    what it put here would wait for the message after it.
    """

    def __init__(self) -> None:
        self._is_open = False
        self._message: dict[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a message may be put here; not any more once the worker is told to stop."""
        # An exit code, which may be 0, once the worker is told to stop.
        exit_code: Any = state.should_stop
        return self._is_open and (exit_code is None or exit_code is False)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open it for the block, after which it is empty."""
        self._is_open = True
        try:
            yield
        finally:
            self._is_open, self._message = False, None

    def put(self, message: dict[str, Any]) -> None:
        """Hand over a message."""
        self._message = message

    def take(self) -> dict[str, Any] | None:
        """Return the message, which is then no longer here."""
        message, self._message = self._message, None
        return message


handover = Handover()
