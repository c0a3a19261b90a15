"""The context of the current request: its id, its principal and what the limits leave it.

Filled by `web/access/middleware.py`; read by the views, the error envelope, headers and the log.
It is ours and not Flask's: a request has it whether Flask or the lean dispatch serves it.
"""

import re
import time
from collections.abc import Iterable
from contextvars import ContextVar
from random import getrandbits
from typing import Any

from flask import Flask
from structlog.types import EventDict

from domain.errors import UnauthorizedError
from web.http.caller import Allowance, Principal

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

Environ = dict[str, Any]


class RequestContext:
    """What is known of one request; `started_at` is of `time.perf_counter`."""

    __slots__ = ("_request_id", "allowance", "app", "environ", "principal", "started_at")

    def __init__(self, app: Flask, environ: Environ):
        self.app = app
        self.environ = environ
        self.started_at = time.perf_counter()
        self.principal: Principal | None = None
        self.allowance: Allowance | None = None
        self._request_id: str | None = None

    @property
    def request_id(self) -> str:
        """The client's X-Request-ID if well-formed, else a new one."""
        if self._request_id is None:
            sent: str = self.environ.get("HTTP_X_REQUEST_ID") or ""
            is_sound = _REQUEST_ID.fullmatch(sent)
            self._request_id = sent if is_sound else f"req_{getrandbits(64):016x}"
        return self._request_id


_context: ContextVar[RequestContext | None] = ContextVar("request", default=None)


def register_context(app: Flask) -> None:
    """Give every request of this application a context; wrap nothing else around it."""
    serve = app.wsgi_app

    def serve_in_context(environ: Environ, start_response: Any) -> Iterable[bytes]:
        before = _context.set(RequestContext(app, environ))
        try:
            return serve(environ, start_response)
        finally:
            _context.reset(before)

    app.wsgi_app = serve_in_context  # type: ignore[method-assign]  # Flask's way to wrap it


def find_context() -> RequestContext | None:
    """Return the context of the current request, or None outside of requests."""
    return _context.get()


def current() -> RequestContext:
    """Return the context of the current request; raises LookupError outside of requests."""
    context = _context.get()
    if context is None:
        raise LookupError("no request is being served here")
    return context


def request_id() -> str:
    """Return the id of this request: the client's X-Request-ID if well-formed, else a new one."""
    return current().request_id


def principal() -> Principal:
    """Return the principal; raises UnauthorizedError on a public endpoint without a token."""
    found = current().principal
    if found is None:
        raise UnauthorizedError
    return found


def measure_seconds() -> float:
    """Return the seconds since this request arrived."""
    return time.perf_counter() - current().started_at


def add_request_id(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add the request's id to what is logged while handling it (a structlog processor)."""
    context = _context.get()
    if context is not None:
        event.setdefault("request_id", context.request_id)
    return event
