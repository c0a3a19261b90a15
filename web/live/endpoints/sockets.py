"""`/ws`: WebSockets, from the handshake to the end of the session.

Registered by `web/live/app.py`. flask-sock and simple_websocket do the upgrade.
"""

from typing import Any
from uuid import UUID, uuid4

from flask import Flask, Response, g, request
from flask_sock import Sock

from web.http.errors import UpgradeRequiredError
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
from web.live.service import LiveService
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


def register_sockets(app: Flask, service: LiveService) -> None:
    """Serve `/ws` on this application."""
    app.config["SOCK_SERVER_OPTIONS"] = {
        "subprotocols": AnySubprotocol(),
        "thread_class": NoReaderThread,
    }

    @app.before_request
    def check_handshake() -> None:
        if request.endpoint == LISTEN_ENDPOINT:
            g.credential = _admit(service)
            strip_handshake(request.environ, g.protocol)

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

    Sock(app).route("/ws", endpoint=LISTEN_ENDPOINT)(listen)

    @app.get("/ws")
    def refuse_plain_request() -> Response:
        raise UpgradeRequiredError


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
