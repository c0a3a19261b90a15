"""The access log: one line for a request, sampled by ACCESS_LOG_SAMPLE, for an error always.

No token, address, query or metadata is in it. A user is the beginning of a hash of their id.
"""

import random
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from flask import Flask, Response, request

from web.http.request_context import find_principal, request_id
from web.http.timing import measure_seconds

ERRORS_FROM = 400
USER_DIGITS = 12

WriteLine = Callable[[Mapping[str, Any]], None]


def register_access_log(app: Flask, write: WriteLine, *, sample: float) -> None:
    """Write a line for this share of the application's requests, and for every error."""

    def log_request(response: Response) -> Response:
        status = response.status_code
        if status >= ERRORS_FROM or random.random() < sample:  # noqa: S311 - no secret
            write(_describe(status))
        return response

    app.after_request(log_request)


def _describe(status: int) -> dict[str, Any]:
    facts = {
        "method": request.method,
        "endpoint": request.endpoint or "none",
        "status": status,
        "ms": round(measure_seconds(request.environ) * 1000, 1),
        "request_id": request_id(),
    }
    principal = find_principal()
    if principal is not None:
        facts["user"] = sha256(str(principal.user_id).encode()).hexdigest()[:USER_DIGITS]
    return facts
