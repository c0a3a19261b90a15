"""What a worker does beside its tasks: its log, and a pulse that says that it is alive."""

import logging
import threading
from contextlib import suppress
from typing import Any

import structlog
from celery.signals import setup_logging, worker_ready, worker_shutting_down

from domain.errors import DatabaseUnavailableError, RedisUnavailableError
from domain.logs import configure_logging
from domain.store.health import ping_redis
from domain.store.postgres.heartbeats import beat
from domain.store.store import Store
from workers import metrics
from workers.context import get_context
from workers.garbage_collector import tune_garbage_collector
from workers.startup import exit_on_bad_settings

logger = structlog.get_logger(__name__)

BEAT_SECONDS = 5.0
_stopping = threading.Event()


@setup_logging.connect
def log_as_json(**_: Any) -> None:
    """Write the log in the form of all our processes instead of Celery's."""
    with exit_on_bad_settings():
        settings = get_context().settings
    configure_logging(settings, settings.laurel_process or "celery")
    # Celery's own two lines for every task say less than the link's one.
    logging.getLogger("celery").setLevel(logging.WARNING)


@worker_ready.connect
def start_pulse(sender: Any, **_: Any) -> None:
    """Start the pulse once a worker of the chain consumes."""
    queues = [queue.name for queue in sender.task_consumer.queues]
    logger.info("worker ready", queues=queues)
    tune_garbage_collector()
    metrics.watch_breaker(get_context().store.redis)
    if "actions" in queues:
        threading.Thread(target=_pulse, name="pulse", daemon=True).start()


@worker_shutting_down.connect
def stop_pulse(**_: Any) -> None:
    """End the pulse when the worker is told to stop."""
    _stopping.set()


def _pulse() -> None:
    store = get_context().store
    while not _stopping.is_set():
        try:
            with store.lazy() as connection:
                beat(connection, process="worker")
        except DatabaseUnavailableError:
            logger.warning("pulse not recorded")
        _look_at_redis(store)
        _stopping.wait(BEAT_SECONDS)


def _look_at_redis(store: Store) -> None:
    """Let a worker without work know too whether Redis answers: its breaker is in the metrics."""
    with suppress(RedisUnavailableError):
        ping_redis(store.redis)
