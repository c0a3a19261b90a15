"""How long a request has taken so far; read by the metrics and the access log."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

_STARTED = "laurel.started"


def register_timing(app: Flask) -> None:
    """Note the arrival of every request of this application."""
    serve = app.wsgi_app

    def serve_timed(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ[_STARTED] = time.perf_counter()
        return serve(environ, start_response)

    app.wsgi_app = serve_timed  # type: ignore[method-assign]  # Flask's way to wrap it


def measure_seconds(environ: Mapping[str, Any]) -> float:
    """Return the seconds since the request arrived."""
    return time.perf_counter() - float(environ[_STARTED])
