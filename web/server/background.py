"""The background services of an API process: from before its first request to after its last."""

import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from web.server.subscriber import Subscriber
from workers.process.background import BackgroundThread
from workers.process.garbage_collector import tune_garbage_collector

logger = structlog.get_logger(__name__)

# A reply published before the process is subscribed is lost, and its request times out.
SUBSCRIBE_SECONDS = 0.5


class BackgroundService(Protocol):
    """Something with one supervised thread."""

    thread: BackgroundThread

    def start(self) -> None:
        """Start the thread."""

    def stop(self) -> None:
        """Finish what was taken on, and stop the thread."""


class Background:
    """Starts the subscriber and the services, and stops them in the reverse order.

    The server says when, not an import or `create_app`: command lines make the application too.
    """

    def __init__(self, subscriber: Subscriber, services: Sequence[BackgroundService]):
        self._subscriber = subscriber
        self._services: tuple[BackgroundService, ...] = (subscriber, *services)

    @property
    def threads(self) -> tuple[BackgroundThread, ...]:
        """The thread of each service."""
        return tuple(service.thread for service in self._services)

    def start(self) -> None:
        """Start everything, and wait up to SUBSCRIBE_SECONDS for the subscription."""
        for service in self._services:
            service.start()
        tune_garbage_collector()
        deadline = time.monotonic() + SUBSCRIBE_SECONDS
        while not self._subscriber.is_connected and time.monotonic() < deadline:
            time.sleep(0.005)
        logger.info("started")

    def stop(self) -> None:
        """Stop everything: what was accepted is committed and answered first."""
        for service in reversed(self._services):
            service.stop()
        logger.info("stopped")
