"""What runs beside the requests of an API process, from its first request to its end."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog
from flask import Flask

from web.subscriber import Subscriber

logger = structlog.get_logger(__name__)

# A reply published before the subscription stands is lost, and its request waits in vain.
SUBSCRIBE_SECONDS = 0.5


class Background:
    """Starts its parts once, and stops them in the other order when the process ends.

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
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        """Start everything; the second call does nothing."""
        with self._lock:
            if self._started:
                return
            self._started = True
            farewell = threading.Thread(target=self._stop_at_the_end, name="farewell")
            # Said aloud: a thread of the server's own, which calls this, hands down that it is one.
            farewell.daemon = False
            farewell.start()
            self._subscriber.start()
            for start in self._starts:
                start()
            deadline = time.monotonic() + SUBSCRIBE_SECONDS
            while not self._subscriber.connected and time.monotonic() < deadline:
                time.sleep(0.005)

    def stop(self) -> None:
        """Stop everything: what was taken is committed and answered first."""
        with self._lock:
            if not self._started:
                return
            self._started = False
            for stop in self._stops:
                stop()
            self._subscriber.stop()
            logger.info("stopped")

    def _stop_at_the_end(self) -> None:
        """Stop once the main thread is through.

        Not by `atexit`, which does not run in the children of a server's own process; a thread
        that is no daemon is waited for everywhere.
        """
        threading.main_thread().join()
        self.stop()


def start_with_first_request(app: Flask, background: Background) -> None:
    """Let the first request start the background; later ones do not pass here."""
    serve = app.wsgi_app

    def start_and_serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        background.start()
        app.wsgi_app = serve  # type: ignore[method-assign]  # Flask's way to wrap it
        return serve(environ, start_response)

    app.wsgi_app = start_and_serve  # type: ignore[method-assign]  # Flask's way to wrap it
