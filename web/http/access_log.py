"""The access log: one line for a request, sampled by ACCESS_LOG_SAMPLE, for an error always.

No token, address, query or metadata is in it. A user is the beginning of a hash of their id.
"""

import random
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from web.http.operation import Observer
from web.http.request_context import current, measure_seconds

ERRORS_FROM = 400
USER_DIGITS = 12

WriteLine = Callable[[Mapping[str, Any]], None]


def make_access_log(write: WriteLine, *, sample: float) -> Observer:
    """Return what writes a line for this share of the answers, and for every error."""

    def log_request(endpoint: str | None, status: int) -> None:
        if status >= ERRORS_FROM or random.random() < sample:  # noqa: S311 - no secret
            write(_describe(endpoint, status))

    return log_request


def _describe(endpoint: str | None, status: int) -> dict[str, Any]:
    context = current()
    facts = {
        "method": context.environ["REQUEST_METHOD"],
        "endpoint": endpoint or "none",
        "status": status,
        "ms": round(measure_seconds() * 1000, 1),
        "request_id": context.request_id,
    }
    if context.principal is not None:
        digest = sha256(str(context.principal.user_id).encode()).hexdigest()
        facts["user"] = digest[:USER_DIGITS]
    return facts
