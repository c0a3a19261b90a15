"""What every request passes before its route: on by default, the public endpoints are listed here.

The order is the contract's: 404 and 405, then the address's limit, the token, the user's limit.
"""

from flask import Flask, Response, current_app, request

from domain.errors import LaurelError, RateLimitExceededError
from web.addresses import find_limited_address
from web.auth import read_bearer_token
from web.context import set_allowance, set_principal
from web.limits import Allowance
from web.principal import Principal
from web.services import services

# The endpoints that need no token. Everything else does.
PUBLIC_ENDPOINTS = frozenset(
    {
        "accounts.register",
        "accounts.login",
        "accounts.refresh",
        "docs.openapi",
        "docs.browse",
        "health.live",
        "health.overall",
        "health.ready",
        "metrics.expose",
        "pages.asset",
        "pages.home",
        "realtime.upgrade",
    }
)
# Whoever asks how we are must hear it, however often.
UNLIMITED_ENDPOINTS = frozenset({"health.live", "health.overall", "health.ready", "metrics.expose"})


def register_gate(app: Flask) -> None:
    """Put the gate before every route of this application."""
    app.before_request(pass_gate)


def pass_gate() -> Response | None:
    """Let the request through, answer an OPTIONS, or raise what stands against it."""
    if request.routing_exception is not None:
        return None
    if request.method == "OPTIONS":
        return current_app.make_default_options_response()
    endpoint = request.endpoint
    if endpoint not in UNLIMITED_ENDPOINTS:
        _count_address()
    if endpoint not in PUBLIC_ENDPOINTS:
        _admit(_verify())
    return None


def _count_address() -> None:
    settings = services().settings
    address = find_limited_address(request.environ, trusted_hops=settings.trusted_proxy_hops)
    if address is None:
        return
    allowance = services().limits.hit_address(address)
    set_allowance(allowance)
    if allowance.is_exceeded and not _is_service():
        _refuse(allowance)


def _is_service() -> bool:
    """Return whether a game server asks; only looked at when its address is over the limit."""
    try:
        return _verify().is_service
    except LaurelError:
        return False


def _verify() -> Principal:
    token = read_bearer_token(request.environ.get("HTTP_AUTHORIZATION"))
    return services().verifier.verify(token)


def _admit(principal: Principal) -> None:
    set_principal(principal)
    if principal.is_service:
        set_allowance(None)
        return
    allowance = services().limits.hit_user(principal.user_id)
    set_allowance(allowance)
    if allowance.is_exceeded:
        _refuse(allowance)


def _refuse(allowance: Allowance) -> None:
    raise RateLimitExceededError(retry_after_seconds=allowance.reset_seconds)
