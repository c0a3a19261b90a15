"""What runs beside the requests of an API process, from before its first one to after its last."""

import time
from collections.abc import Callable, Sequence

import structlog

from web.server.subscriber import Subscriber

logger = structlog.get_logger(__name__)

# A reply published before the subscription stands is lost, and its request waits in vain.
SUBSCRIBE_SECONDS = 0.5


class Background:
    """Starts its parts and stops them when the server says so.

    Not at import or in `create_app`: command lines make the application too.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        starts: Sequence[Callable[[], None]],
        stops: Sequence[Callable[[], None]],
    ):
        self._subscriber = subscriber
        self._starts = starts
        self._stops = stops

    def start(self) -> None:
        """Start everything, and wait a moment for the subscription."""
        self._subscriber.start()
        for start in self._starts:
            start()
        deadline = time.monotonic() + SUBSCRIBE_SECONDS
        while not self._subscriber.connected and time.monotonic() < deadline:
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop everything: what was taken is committed and answered first."""
        for stop in self._stops:
            stop()
        self._subscriber.stop()
        logger.info("stopped")
