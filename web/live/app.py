"""The Flask application of the live process: `/ws`, and its health.

Made by `web/app.py` and served as `gunicorn_conf.py` says.
"""

from typing import Any
from uuid import UUID, uuid4

from flask import Flask, Response, g, request
from flask_sock import Sock

from domain.settings import Settings
from domain.store.store import Store
from web.http.errors import UpgradeRequiredError, register_error_handlers
from web.http.headers import register_headers
from web.http.request_context import register_context
from web.http.responses import json_response
from web.live.close_codes import CloseCode
from web.live.connection.credentials import Credential, read_credential
from web.live.connection.handshake import (
    check_origin,
    check_upgrade,
    choose_protocol,
    list_protocols,
    strip_handshake,
)
from web.live.connection.session import Session
from web.live.protocol import SUBPROTOCOL
from web.live.service import EXTENSION, LiveService
from web.live.transports.websocket import WebSocketTransport

LISTEN_ENDPOINT = "listen"


class NoReaderThread:
    """A thread that does nothing, for simple_websocket, which starts one to read each socket.

    Sessions read on the greenlet of their request: a second one would cost memory for every socket,
    and would take bytes away from the first.
    """

    def __init__(self, target: object):
        self.name = ""

    def start(self) -> None:
        """Start nothing."""


class AnySubprotocol:
    """Contains every name, for simple_websocket, which picks the first offered one it finds here.

    The handshake has already chosen: it leaves one subprotocol in the request, or none. That may be
    a name which we do not speak, echoed so that the client reports the close code.
    """

    def __contains__(self, _name: object) -> bool:
        return True


def create_live_app(settings: Settings, store: Store) -> Flask:
    """Return the application; start its service in the process that serves it."""
    service = LiveService(settings, store)
    app = Flask("web.live", static_folder=None)
    app.extensions[EXTENSION] = service
    app.config["SOCK_SERVER_OPTIONS"] = {
        "subprotocols": AnySubprotocol(),
        "thread_class": NoReaderThread,
    }
    register_error_handlers(app)
    register_headers(app)
    register_context(app)
    _register_handshake(app, service)
    _register_listen(app, service)
    _register_health(app, service)
    return app


def _register_handshake(app: Flask, service: LiveService) -> None:
    @app.before_request
    def check_handshake() -> None:
        if request.endpoint == LISTEN_ENDPOINT:
            g.credential = _admit(service)
            strip_handshake(request.environ, g.protocol)

    @app.teardown_request
    def release_slot(_error: BaseException | None) -> None:
        # The client may have gone before its session began.
        if "slot" in g:
            g.slot.release()


def _admit(service: LiveService) -> Credential:
    check_upgrade(request)
    service.check_accepting()
    headers = request.headers
    origin = headers.get("Origin")
    check_origin(origin, service.allowed_origins, host=headers.get("Host", ""))
    protocols = list_protocols(headers.get("Sec-WebSocket-Protocol"))
    g.protocol = choose_protocol(protocols)

    def admit(user_id: UUID) -> None:
        # At once in `g`: whatever fails later, the end of the request releases it.
        g.slot = service.connection_limit.acquire(user_id)

    return read_credential(
        service.verifier,
        service.store,
        authorization=headers.get("Authorization"),
        protocols=protocols,
        origin=origin,
        admit=admit,
    )


def _register_listen(app: Flask, service: LiveService) -> None:
    sock = Sock(app)

    def listen(websocket: Any) -> None:
        session = Session(
            WebSocketTransport(websocket.sock, websocket.ws),
            connection_id=uuid4().hex,
            credential=g.credential,
            slot=g.slot,
            subscriptions=service.subscriptions,
            verifier=service.verifier,
        )
        # The session does the close handshake; flask-sock would send a second close frame.
        websocket.connected = False
        if g.protocol not in (None, SUBPROTOCOL):
            session.close(CloseCode.UNKNOWN_VERSION, f"the protocol is {SUBPROTOCOL}")
        session.close_if_banned()
        service.run_session(session)

    sock.route("/ws", endpoint=LISTEN_ENDPOINT)(listen)

    @app.get("/ws")
    def refuse_plain_request() -> Response:
        raise UpgradeRequiredError


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
