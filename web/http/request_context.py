"""What belongs to the request at hand: its id, its principal and the headers its answer gets.

Filled by `web/access/middleware.py`; read by routes, the error envelope and the log.
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
    """Return this request's id: the client's X-Request-ID if it is well-formed, else a new one."""
    known = g.get("request_id")
    if known is None:
        sent = request.environ.get("HTTP_X_REQUEST_ID")
        known = sent if sent and _REQUEST_ID.fullmatch(sent) else f"req_{getrandbits(64):016x}"
        g.request_id = known
    return cast(str, known)


def principal() -> Principal:
    """Return who is asking; raises UnauthorizedError on a public route without a token."""
    found = g.get("principal")
    if found is None:
        raise UnauthorizedError
    return cast(Principal, found)


def set_principal(found: Principal) -> None:
    """Record who is asking."""
    g.principal = found


def set_allowance(allowance: Allowance | None) -> None:
    """Record what the caller may still do in this window; None when nothing limits it."""
    g.allowance = allowance


def find_allowance() -> Allowance | None:
    """Return what the caller may still do, if that was counted."""
    return cast(Allowance | None, g.get("allowance"))


def add_request_id(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Put the request's id into what is logged while it is handled (a structlog processor)."""
    if has_request_context():
        event.setdefault("request_id", request_id())
    return event
