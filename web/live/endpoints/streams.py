"""`/api/stream`: server-sent events for clients that cannot hold a WebSocket.

Registered by `web/live/app.py`. Refusals are HTTP answers; then the session has the socket.
"""

from collections.abc import Iterable
from email.utils import formatdate
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, request

from domain.errors import InvalidPayloadError
from web.access.verifier import read_bearer_token
from web.http.errors import MethodNotAllowedError
from web.live.connection.credentials import from_principal
from web.live.connection.handshake import check_origin
from web.live.connection.session import Session
from web.live.endpoints.stream_request import StreamRequest, read_stream_request
from web.live.service import LiveService
from web.live.transports.event_stream import EventStreamTransport

STREAM_PATH = "/api/stream"
STREAM_ENDPOINT = "stream"
# nginx would keep events back until its buffer is full.
_STREAM_HEADERS = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
    ("Connection", "close"),
)


class StreamResponse(Response):
    """Serves a session on the request's socket, and leaves nothing for the server to send.

    Its head is ours too, and the end of the connection is that of the body: so it works with
    HTTP/1.0, which proxies speak, and no chunks have to be counted.
    """

    def __init__(self, service: LiveService, asked: StreamRequest):
        super().__init__()
        self._service = service
        self._asked = asked

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve the session until it ends."""
        headers = [("Date", formatdate(usegmt=True)), *_STREAM_HEADERS]
        # The application adds the headers of every response to this list.
        start_response("200 OK", headers)
        lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers)]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        sock = environ["gunicorn.socket"]
        _forget_headers(environ)
        _run(self._service, self._asked, sock, head)
        # gunicorn's sign that the connection is done with.
        raise StopIteration


def register_streams(app: Flask, service: LiveService) -> None:
    """Serve `/api/stream` on this application."""

    @app.get(STREAM_PATH, endpoint=STREAM_ENDPOINT)
    def stream() -> Response:
        if request.method != "GET":
            raise MethodNotAllowedError
        service.check_accepting()
        if request.content_length or "Transfer-Encoding" in request.headers:
            raise InvalidPayloadError("The request of a stream has no body")
        headers = request.headers
        origin, host = headers.get("Origin"), headers.get("Host", "")
        check_origin(origin, service.allowed_origins, host=host)
        token = read_bearer_token(headers.get("Authorization"))
        g.credential = from_principal(service.verifier.verify(token))
        user_id = g.credential.user_id
        asked = read_stream_request(request.args, headers.get("Last-Event-ID"), user_id)
        service.verifier.bans.refuse(user_id)
        # At once in `g`: whatever fails later, the end of the request releases it.
        g.slot = service.connection_limit.acquire(user_id)
        return StreamResponse(service, asked)


def _run(service: LiveService, asked: StreamRequest, sock: Any, head: bytes) -> None:
    session = Session(
        EventStreamTransport(sock, head, asked.messages, asked.resumed, asked.segment),
        connection_id=uuid4().hex,
        credential=g.credential,
        slot=g.slot,
        subscriptions=service.subscriptions,
        verifier=service.verifier,
    )
    service.run_session(session)


def _forget_headers(environ: dict[str, Any]) -> None:
    """Drop the request's headers: a stream lives long, and would keep them all the time."""
    for name in [name for name in environ if name.startswith("HTTP_")]:
        del environ[name]
