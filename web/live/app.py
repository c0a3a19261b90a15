"""The Flask application of the live process: `/ws`, `/api/stream`, and its health.

Served as `gunicorn_conf.py` says. Apart from `wsgi.py`: the modules of the API and of its commands
would make each start a third longer, and thousands of clients wait for it.
"""

from flask import Flask, Response, g

from domain.logs import configure_logging
from domain.settings import Settings, settings_of_process
from domain.store.durability import require_durable_server
from domain.store.health import warn_of_eviction
from domain.store.store import Store, connect
from web.http.errors import register_error_handlers
from web.http.headers import register_headers
from web.http.request_context import register_context
from web.http.responses import json_response
from web.live.endpoints.sockets import register_sockets
from web.live.endpoints.streams import register_streams
from web.live.service import EXTENSION, LiveService
from workers.process.startup import exit_on_bad_settings

# Tickets are redeemed one statement each; thousands may come back at once after a restart.
POOL_SIZE = 5


def create_live() -> Flask:
    """Return what gunicorn serves, made from the environment.

    Ends the process with the reasons when its settings are refused.
    """
    with exit_on_bad_settings():
        settings = settings_of_process()
        configure_logging(settings, "live")
        store = connect(settings, pool_size=POOL_SIZE)
        require_durable_server(settings, store)
        warn_of_eviction(store.redis)
        return create_live_app(settings, store)


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
