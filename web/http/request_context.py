"""The context of the current request: its id, its principal and what the limits leave it.

Filled by `web/access/middleware.py`; read by the views, the error envelope, headers and the log.
"""

import re
from random import getrandbits
from typing import Any, cast

from flask import g, has_request_context, request
from structlog.types import EventDict

from domain.errors import UnauthorizedError
from web.http.caller import Allowance, Principal

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def request_id() -> str:
    """Return the id of this request: the client's X-Request-ID if well-formed, else a new one."""
    known = g.get("request_id")
    if known is None:
        sent = request.environ.get("HTTP_X_REQUEST_ID")
        known = sent if sent and _REQUEST_ID.fullmatch(sent) else f"req_{getrandbits(64):016x}"
        g.request_id = known
    return cast(str, known)


def principal() -> Principal:
    """Return the principal; raises UnauthorizedError on a public endpoint without a token."""
    found = g.get("principal")
    if found is None:
        raise UnauthorizedError
    return cast(Principal, found)


def find_principal() -> Principal | None:
    """Return the principal, or None when no token was verified."""
    return cast(Principal | None, g.get("principal"))


def set_principal(found: Principal) -> None:
    """Record the principal of this request."""
    g.principal = found


def set_allowance(allowance: Allowance | None) -> None:
    """Record the caller's remaining allowance; None when the caller is not limited."""
    g.allowance = allowance


def find_allowance() -> Allowance | None:
    """Return the caller's remaining allowance, or None if it was not counted."""
    return cast(Allowance | None, g.get("allowance"))


def add_request_id(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add the request's id to what is logged while handling it (a structlog processor)."""
    if has_request_context():
        event.setdefault("request_id", request_id())
    return event
