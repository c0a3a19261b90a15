"""The headers of every answer: the request's id, the allowance left, and what browsers need.

CORS is for the pages of ALLOWED_ORIGINS; our own pages are of the same origin and need none.
"""

from collections.abc import Collection, Iterator

from flask import Flask, Response, request

from web.context import find_allowance, request_id
from web.limits import Allowance

PREFLIGHT_SECONDS = "600"
EXPOSED_HEADERS = (
    "ETag, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After,"
    " X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID"
)
ALLOWED_HEADERS = "Authorization, Content-Type, If-None-Match, Prefer, X-Request-ID"


def register_headers(app: Flask, *, origins: Collection[str] = ()) -> None:
    """Add the headers to every answer; pages of `origins` may read the answers."""

    def add_headers(response: Response) -> Response:
        headers = response.headers
        if "Cache-Control" not in headers:
            headers.add("Cache-Control", "no-store")
        headers.add("X-Request-ID", request_id())
        headers.add("X-Content-Type-Options", "nosniff")
        allowance = find_allowance()
        if allowance is not None:
            headers.extend(_describe_allowance(allowance))
        if origins:
            headers.add("Vary", "Origin")
            origin = request.environ.get("HTTP_ORIGIN")
            if origin is not None and (origin in origins or "*" in origins):
                headers.extend(_describe_cors(origin, response))
        return response

    app.after_request(add_headers)


def _describe_allowance(allowance: Allowance) -> Iterator[tuple[str, str]]:
    """Yield the fields of the IETF draft, and the older ones that clients know."""
    name, limit = allowance.policy, allowance.limit
    remaining = max(0, allowance.remaining)
    yield "RateLimit-Policy", f'"{name}";q={limit};w={allowance.window_seconds}'
    yield "RateLimit", f'"{name}";r={remaining};t={allowance.reset_seconds}'
    yield "X-RateLimit-Limit", str(limit)
    yield "X-RateLimit-Remaining", str(remaining)
    yield "X-RateLimit-Reset", str(int(allowance.resets_at))


def _describe_cors(origin: str, response: Response) -> Iterator[tuple[str, str]]:
    yield "Access-Control-Allow-Origin", origin
    yield "Access-Control-Expose-Headers", EXPOSED_HEADERS
    if request.method == "OPTIONS":
        yield "Access-Control-Allow-Methods", response.headers.get("Allow", "GET, POST")
        yield "Access-Control-Allow-Headers", ALLOWED_HEADERS
        yield "Access-Control-Max-Age", PREFLIGHT_SECONDS
