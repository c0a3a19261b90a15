"""The RSGI server of the API: translates granian's RSGI to the application's WSGI.

Every request runs in a greenlet on the one event loop of its process (`web/server/greenlets.py`):
hundreds of waiting requests as threads would cost more in context switches than their work does.
"""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from flask import Flask

from web.server.background import Background
from web.server.greenlets import GreenletRunner
from web.server.listening import stop_accepting
from web.server.request_body import Body, BodySource
from web.server.termination import release

logger = structlog.get_logger(__name__)

_COMMON_ENVIRON: Mapping[str, Any] = {
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
# How long a process that ends still answers on the connections it has: the server cuts one that
# has not sent its first request yet.
DRAIN_SECONDS = 1.0


class RequestProtocol(BodySource, Protocol):
    """granian's object to read a request's body and to answer it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer."""


class RsgiServer:
    """Serves one application and runs its background services; granian calls the dunders."""

    def __init__(self, app: Flask, background: Background):
        self._app = app
        self._background = background
        self._is_draining = False

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start, before the first connection is accepted."""
        self._runner = GreenletRunner(loop)
        self._background.start()
        # Instead of the server's own handler, which stays that of SIGINT.
        loop.add_signal_handler(signal.SIGTERM, self._drain, loop)
        loop.call_soon(release)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop, after every request has been answered."""
        self._background.stop()
        self._runner.close()

    async def __rsgi__(self, scope: Any, protocol: RequestProtocol) -> None:
        """Answer one request."""
        try:
            environ = _make_environ(scope, Body(protocol, self._runner.loop))
            answer = await self._runner.run(functools.partial(self._call, environ))
        except Exception:
            logger.exception("request failed outside the application")
            raise
        if self._is_draining:
            answer.headers.append(("connection", "close"))
        protocol.response_bytes(answer.status, answer.headers, answer.body)

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave new connections to other processes; end after DRAIN_SECONDS."""
        if not self._is_draining:
            self._is_draining = True
            stop_accepting()
            loop.call_later(DRAIN_SECONDS, os.kill, os.getpid(), signal.SIGINT)

    def _call(self, environ: dict[str, Any]) -> "_Answer":
        answer = _Answer()
        parts: Any = self._app(environ, answer.start)
        try:
            answer.body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return answer


class _Answer:
    """The status and headers given to `start_response`, and the body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def start(self, status: str, headers: list[tuple[str, str]], _error: Any = None, /) -> Any:
        """Keep the status and the headers: WSGI's `start_response`."""
        self.status, self.headers = int(status[:3]), headers


def _make_environ(scope: Any, body: Body) -> dict[str, Any]:
    """Return the WSGI environ of the request (PEP 3333)."""
    environ = {
        **_COMMON_ENVIRON,
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
        # A repeated header is one comma-separated list (RFC 9110, 5.3).
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    # A name with an underscore would pass for one with a hyphen, which only a proxy may set.
    environ.pop(_UNDERSCORED, None)
    # The server drops values that are not ASCII; that there was one must still be visible.
    for name in ("forwarded", "x-forwarded-for", "x-laurel-signature", "x-totp-code"):
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
