"""What every request passes before its route: on by default, the public endpoints are listed here.

The order is the contract's: 404 and 405, then the address's limit, the token, the user's limit.
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request

from domain.errors import LaurelError, RateLimitExceededError
from web.access.addresses import find_limited_address
from web.access.principal import Principal
from web.access.rate_limits import Allowance
from web.access.verifier import read_bearer_token
from web.http.request_context import set_allowance, set_principal
from web.services import Services

Environ = Mapping[str, Any]

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


def register_gate(app: Flask, services: Services) -> None:
    """Put the gate before every route of this application."""
    app.before_request(Gate(app, services).pass_request)


class Gate:
    """Knows its application and services: a look-up of each would cost more than the checks."""

    def __init__(self, app: Flask, services: Services):
        self._app = app
        self._limits = services.limits
        self._verifier = services.verifier
        self._trusted_hops = services.settings.trusted_proxy_hops

    def pass_request(self) -> Response | None:
        """Let the request through, answer an OPTIONS, or raise what stands against it."""
        asked = request
        endpoint, environ = asked.endpoint, asked.environ
        if endpoint is None:
            # No route, or not by this method: raised after us.
            return None
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return self._app.make_default_options_response()
        if endpoint not in UNLIMITED_ENDPOINTS:
            self._count_address(environ)
        if endpoint not in PUBLIC_ENDPOINTS:
            self._admit(self._verify(environ))
        return None

    def _count_address(self, environ: Environ) -> None:
        address = find_limited_address(environ, trusted_hops=self._trusted_hops)
        if address is None:
            return
        allowance = self._limits.hit_address(address)
        set_allowance(allowance)
        if allowance.is_exceeded and not self._is_service(environ):
            _refuse(allowance)

    def _is_service(self, environ: Environ) -> bool:
        """Return whether a game server asks; only looked at when its address is over the limit."""
        try:
            return self._verify(environ).is_service
        except LaurelError:
            return False

    def _verify(self, environ: Environ) -> Principal:
        return self._verifier.verify(read_bearer_token(environ.get("HTTP_AUTHORIZATION")))

    def _admit(self, principal: Principal) -> None:
        set_principal(principal)
        if principal.is_service:
            set_allowance(None)
            return
        allowance = self._limits.hit_user(principal.user_id)
        set_allowance(allowance)
        if allowance.is_exceeded:
            _refuse(allowance)


def _refuse(allowance: Allowance) -> None:
    raise RateLimitExceededError(retry_after_seconds=allowance.reset_seconds)
