"""What a worker does besides its tasks: it logs as JSON and writes a heartbeat.

Imported by Celery (`imports` in celeryconfig.py), whose signals call it.
"""

import logging
from contextlib import suppress
from typing import Any

import structlog
from celery.signals import setup_logging, worker_ready, worker_shutting_down

from domain.errors import RedisUnavailableError
from domain.logs import configure_logging
from domain.store.health import warn_of_eviction
from domain.store.postgres.heartbeats import beat
from workers import metrics
from workers.context import get_context
from workers.process.background import BackgroundThread
from workers.process.garbage_collector import tune_garbage_collector
from workers.process.startup import exit_on_bad_settings

logger = structlog.get_logger(__name__)

BEAT_SECONDS = 5.0


@setup_logging.connect
def log_as_json(**_: Any) -> None:
    """Write the log as every process of Laurel does, instead of in Celery's format."""
    with exit_on_bad_settings():
        settings = get_context().settings
    configure_logging(settings, settings.laurel_process or "celery")
    # Celery logs two lines for every task, which say less than the link's one line.
    logging.getLogger("celery").setLevel(logging.WARNING)


def _beat() -> None:
    store = get_context().store
    # So that an idle worker notices too whether Redis answers, and which server is the primary.
    with suppress(RedisUnavailableError):
        store.redis.find_server()
    with store.lazy() as connection:
        beat(connection, process="worker")


_heartbeat = BackgroundThread("heartbeat", _beat, every_seconds=BEAT_SECONDS)


@worker_ready.connect
def start_heartbeat(sender: Any, **_: Any) -> None:
    """Start the heartbeat once a worker of the chain consumes."""
    queues = [queue.name for queue in sender.task_consumer.queues]
    logger.info("worker ready", queues=queues)
    tune_garbage_collector()
    metrics.watch_store(get_context().store)
    warn_of_eviction(get_context().store.redis)
    if "actions" in queues:
        _heartbeat.start()


@worker_shutting_down.connect
def stop_heartbeat(**_: Any) -> None:
    """End the heartbeat when the worker is told to stop, without waiting for it."""
    _heartbeat.stop(timeout_seconds=0)
