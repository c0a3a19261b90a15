"""The headers of every response: the request's id, the remaining allowance, and CORS.

CORS is for the pages of ALLOWED_ORIGINS, and in development for those of this machine; our own
pages have the same origin and need none.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask

from web.http.caller import Allowance
from web.http.origins import AllowedOrigins
from web.http.request_context import Environ, current

Headers = list[tuple[str, str]]

PREFLIGHT_SECONDS = "600"
EXPOSED_HEADERS = (
    "ETag, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After,"
    " X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID"
)
ALLOWED_HEADERS = (
    "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, Prefer,"
    " X-Client-Fingerprint, X-Laurel-Signature, X-Request-ID, X-TOTP-Code"
)


def register_headers(app: Flask, *, origins: AllowedOrigins | None = None) -> None:
    """Add the headers to every response; pages of `origins` may read the responses.

    They are added after werkzeug has finished: it would check and copy each of them.
    """
    serve = app.wsgi_app

    def serve_with_headers(environ: Environ, start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: Headers, error: Any = None) -> Any:
            _add_headers(environ, headers, origins)
            return start_response(status, headers, error)

        return serve(environ, start)

    app.wsgi_app = serve_with_headers  # type: ignore[method-assign]  # Flask's way to wrap it


def _add_headers(environ: Environ, headers: Headers, origins: AllowedOrigins | None) -> None:
    context = current()
    if _find(headers, "Cache-Control") is None:
        headers.append(("Cache-Control", "no-store"))
    headers += (("X-Request-ID", context.request_id), ("X-Content-Type-Options", "nosniff"))
    if context.allowance is not None:
        headers += _describe_allowance(context.allowance)
    if origins:
        headers.append(("Vary", "Origin"))
        origin = environ.get("HTTP_ORIGIN")
        host = environ.get("HTTP_HOST", "")
        if origin is not None and origins.allows(origin, host=host):
            headers += _describe_cors(environ, origin, headers)


def _find(headers: Headers, name: str) -> str | None:
    return next((value for key, value in headers if key == name), None)


def _describe_allowance(allowance: Allowance) -> Headers:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers, and the older X-RateLimit ones."""
    name, limit = allowance.policy, allowance.limit
    remaining = max(0, allowance.remaining)
    return [
        ("RateLimit-Policy", f'"{name}";q={limit};w={allowance.window_seconds}'),
        ("RateLimit", f'"{name}";r={remaining};t={allowance.reset_seconds}'),
        ("X-RateLimit-Limit", str(limit)),
        ("X-RateLimit-Remaining", str(remaining)),
        ("X-RateLimit-Reset", str(int(allowance.resets_at))),
    ]


def _describe_cors(environ: Environ, origin: str, headers: Headers) -> Iterator[tuple[str, str]]:
    yield "Access-Control-Allow-Origin", origin
    yield "Access-Control-Expose-Headers", EXPOSED_HEADERS
    if environ["REQUEST_METHOD"] == "OPTIONS":
        yield "Access-Control-Allow-Methods", _find(headers, "Allow") or "GET, POST"
        yield "Access-Control-Allow-Headers", ALLOWED_HEADERS
        yield "Access-Control-Max-Age", PREFLIGHT_SECONDS
