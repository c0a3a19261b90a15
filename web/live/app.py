"""The Flask application of the live process: `/ws`, `/api/stream`, and its health.

Made by `web/app.py` and served as `gunicorn_conf.py` says.
"""

from flask import Flask, Response, g

from domain.settings import Settings
from domain.store.store import Store
from web.http.errors import register_error_handlers
from web.http.headers import register_headers
from web.http.request_context import register_context
from web.http.responses import json_response
from web.live.endpoints.sockets import register_sockets
from web.live.endpoints.streams import register_streams
from web.live.service import EXTENSION, LiveService


def create_live_app(settings: Settings, store: Store) -> Flask:
    """Return the application; start its service in the process that serves it."""
    service = LiveService(settings, store)
    app = Flask("web.live", static_folder=None)
    app.extensions[EXTENSION] = service
    register_error_handlers(app)
    # The API's pages are of another origin than this port.
    register_headers(app, origins=service.allowed_origins)
    register_context(app)
    register_sockets(app, service)
    register_streams(app, service)
    _register_release(app)
    _register_health(app, service)
    return app


def _register_release(app: Flask) -> None:
    @app.teardown_request
    def release_slot(_error: BaseException | None) -> None:
        # The client may have gone before its session began.
        if "slot" in g:
            g.slot.release()


def _register_health(app: Flask, service: LiveService) -> None:
    @app.get("/health/live")
    def health_live() -> Response:
        queued = service.count_queued_sockets()
        return json_response(
            {
                "status": "ok",
                "sockets": service.open_sockets,
                "queued": queued,
                "threads": service.read_thread_ages(),
            }
        )

    @app.get("/health/ready")
    def health_ready() -> Response:
        service.check_accepting()
        connected = service.hub.is_connected
        status = "ok" if connected else "degraded"
        return json_response({"status": status, "redis": {"ok": connected}})
