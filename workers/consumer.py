"""A worker for one queue, or beat, started without the `celery` command: see `main`.

The same as `celery -A workers worker --pool solo -Q actions`, which works too. But that command
loads every plugin it finds: Flower in each of four processes took 67 MB of the idle stack's 634 MB.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from celery.utils.nodenames import host_format
from celery.worker.consumer import Consumer

from domain.settings import settings_of_process
from domain.store.redis.queues import QUEUES
from workers.celery import app
from workers.process.startup import exit_on_bad_settings
from workers.transport import drop_message

BEAT = "beat"
RECONNECT_SECONDS = 2
EVENTS_SECONDS = 0.25


class LaurelConsumer(Consumer):
    """Celery's consumer, which reconnects soon after an outage and publishes events in bulk.

    There is no setting for either. Celery's pauses would grow to 30 s, and until then the keeper
    alone would run all batches; a publish for the events of each task took a twelfth of a worker's
    CPU time.
    """

    # Celery's attributes, which the stubs lack.
    hub: Any
    _flush_events: Callable[[], None]

    _has_events = False

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection when it is established."""
        conn.ensure_connection = partial(conn.ensure_connection, interval_max=RECONNECT_SECONDS)
        return super().ensure_connected(conn)

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # the stubs err
        """Publish the events of EVENTS_SECONDS together."""
        if self.hub and not self._has_events:
            self._has_events = True
            self.hub.call_later(EVENTS_SECONDS, self._publish_events)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """Drop a message that is no task."""
        self._drop(message, "unknown_format", "no task is named")

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Drop a message of a task that this version does not have."""
        self._drop(message, "unknown_task", exc)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Drop a message whose task cannot be made."""
        self._drop(message, "invalid_task", exc)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Drop a message whose body cannot be read."""
        self._drop(message, "unreadable", exc)

    def _drop(self, message: Any, cause: str, error: object) -> None:
        drop_message(cause, error)
        message.reject()

    def _publish_events(self) -> None:
        self._has_events = False
        self._flush_events()


def main(arguments: list[str]) -> int:
    """Work as the one argument says (`actions`, `maintenance` or `beat`) until SIGTERM."""
    if len(arguments) != 1 or arguments[0] not in (*QUEUES, BEAT):
        sys.stderr.write(f"usage: python -m workers.consumer {'|'.join((*QUEUES, BEAT))}\n")
        return 2
    with exit_on_bad_settings():
        settings = settings_of_process()
    if arguments[0] == BEAT:
        schedule = Path(settings.laurel_home, "beat-schedule")
        app.Beat(schedule=str(schedule), loglevel="WARNING").run()
        return 0
    return _consume(arguments[0], settings.laurel_process or arguments[0])


def _consume(queue: str, name: str) -> int:
    worker = app.Worker(
        hostname=host_format(f"{name}@%h"),
        pool_cls="solo",
        consumer_cls=LaurelConsumer,
        queues=[queue],
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
