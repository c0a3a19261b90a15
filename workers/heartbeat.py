"""The pulse of a worker: a thread that says every few seconds that the process is alive."""

import threading
from typing import Any

import structlog
from celery.signals import worker_ready, worker_shutting_down

from domain.errors import DatabaseUnavailableError
from domain.store.heartbeats import beat
from workers.context import get_context

logger = structlog.get_logger(__name__)

BEAT_SECONDS = 5.0
_stopping = threading.Event()


@worker_ready.connect
def start_pulse(**_: Any) -> None:
    """Start the pulse once the worker consumes."""
    threading.Thread(target=_pulse, name="pulse", daemon=True).start()


@worker_shutting_down.connect
def stop_pulse(**_: Any) -> None:
    """End the pulse when the worker is told to stop."""
    _stopping.set()


def _pulse() -> None:
    store = get_context().store
    while not _stopping.is_set():
        try:
            with store.begin() as connection:
                beat(connection, process="worker")
        except DatabaseUnavailableError:
            logger.warning("pulse not recorded")
        _stopping.wait(BEAT_SECONDS)
