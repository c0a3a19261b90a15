"""The front: granian's RSGI on the one side, the application's WSGI on the other.

Every request runs on the one event loop of its process and gives it back while it waits
(`web/server/greenlets.py`). Hundreds that wait for their actions are then no threads, which would
cost more in context switches than the requests do.
"""

import asyncio
import functools
import sys
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from flask import Flask

from web.server.background import Background
from web.server.greenlets import Bridge
from web.server.request_body import Body, BodySource

logger = structlog.get_logger(__name__)

_OF_EVERY_REQUEST: Mapping[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}
_UNDERSCORED = "laurel.underscored"


class RequestProtocol(BodySource, Protocol):
    """What granian gives to read a request's body and to answer it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer."""


class Front:
    """Serves one application and what runs beside its requests; granian calls the dunders."""

    def __init__(self, app: Flask, background: Background):
        self._app = app
        self._background = background

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to serve, before the first connection is taken."""
        self._bridge = Bridge(loop)
        self._background.start()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """End: every request has been answered."""
        self._background.stop()
        self._bridge.close()

    async def __rsgi__(self, scope: Any, protocol: RequestProtocol) -> None:
        """Answer one request."""
        try:
            environ = _make_environ(scope, Body(protocol))
            answer = await self._bridge.cross(functools.partial(self._call, environ))
        except Exception:
            logger.exception("request failed outside the application")
            raise
        protocol.response_bytes(answer.status, answer.headers, answer.body)

    def _call(self, environ: dict[str, Any]) -> "_Answer":
        answer = _Answer()
        parts: Any = self._app(environ, answer.start)
        try:
            answer.body = b"".join(parts)
        finally:
            parts.close()
        return answer


class _Answer:
    """What WSGI says through `start_response`, and the body after it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def start(self, status: str, headers: list[tuple[str, str]], _error: Any = None, /) -> Any:
        """Take the first line and the headers."""
        self.status, self.headers = int(status[:3]), headers


def _make_environ(scope: Any, body: Body) -> dict[str, Any]:
    """Return the request as WSGI has it (PEP 3333)."""
    environ = {
        **_OF_EVERY_REQUEST,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": _as_wsgi(scope.path),
        "QUERY_STRING": _as_wsgi(scope.query_string),
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
    }
    environ["SERVER_NAME"], _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    for name, value in scope.headers.items():
        key = _environ_name(name)
        # The same header twice is one list, as HTTP has it.
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    # A name with an underscore would pass for the one with a hyphen that a proxy vouches for.
    environ.pop(_UNDERSCORED, None)
    # Values that are not ASCII are left out by the server; that there was one must be known.
    for name in ("forwarded", "x-forwarded-for"):
        if name in scope.headers:
            environ.setdefault(_environ_name(name), "")
    length = environ.get("CONTENT_LENGTH", "")
    if length.isdecimal() and "HTTP_TRANSFER_ENCODING" not in environ:
        body.length = int(length)
    return environ


def _as_wsgi(text: str) -> str:
    """Return the text with a character for each byte, as PEP 3333 wants it."""
    return text if text.isascii() else text.encode().decode("latin-1")


@functools.lru_cache(maxsize=256)
def _environ_name(header: str) -> str:
    if "_" in header:
        return _UNDERSCORED
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
