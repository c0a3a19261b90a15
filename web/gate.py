"""What every request passes before its route: on by default, the public endpoints are listed here.

The order is the contract's: 404/405, then the address, the token, the user.
"""

from flask import Flask, Response, current_app, request

from web.auth import read_bearer_token
from web.context import set_principal
from web.services import services

# The endpoints that need no token. Everything else does.
PUBLIC_ENDPOINTS = frozenset(
    {
        "accounts.register",
        "accounts.login",
        "accounts.refresh",
        "health.live",
        "health.ready",
        "health.overall",
        "metrics.metrics",
        "docs.openapi",
        "docs.browse",
        "pages.home",
        "pages.asset",
        "realtime.upgrade",
    }
)


def register_gate(app: Flask) -> None:
    """Put the gate before every route of this application."""
    app.before_request(pass_gate)


def pass_gate() -> Response | None:
    """Let the request through, answer a preflight, or raise what stands against it."""
    if request.routing_exception is not None:
        return None
    if request.method == "OPTIONS":
        return current_app.make_default_options_response()
    if request.endpoint not in PUBLIC_ENDPOINTS:
        token = read_bearer_token(request.environ.get("HTTP_AUTHORIZATION"))
        set_principal(services().verifier.verify(token))
    return None
