"""What every request passes before its view: the limits, then the token, unless its row says not.

The order is the contract's: 404 and 405, then the address's limit, the token, the user's limit.
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request

from domain.errors import LaurelError, RateLimitExceededError
from web.access.addresses import find_limited_address
from web.access.rate_limits import Limits
from web.access.verifier import TokenVerifier, read_bearer_token
from web.http.caller import Allowance, Principal
from web.http.operation import Operation
from web.http.request_context import set_allowance, set_principal

Environ = Mapping[str, Any]


class AccessMiddleware:
    """Checks each request; `operations` are the application's rows by endpoint.

    Holds all it needs: looking up the application and its services costs more than the checks.
    """

    def __init__(
        self,
        app: Flask,
        operations: Mapping[str, Operation],
        *,
        limits: Limits,
        verifier: TokenVerifier,
        trusted_hops: int,
    ):
        self._app = app
        self._operations = operations
        self._limits = limits
        self._verifier = verifier
        self._trusted_hops = trusted_hops

    def register(self) -> None:
        """Check every request of the application before its view."""
        self._app.before_request(self.check_request)

    def check_request(self) -> Response | None:
        """Let the request through (None), answer an OPTIONS, or raise what refuses it.

        Raises KeyError for an endpoint without a row.
        """
        asked = request
        endpoint, environ = asked.endpoint, asked.environ
        if endpoint is None:
            # No such path, or not by this method: Flask raises it after us.
            return None
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return self._app.make_default_options_response()
        operation = self._operations[endpoint]
        if operation.is_limited:
            self._count_address(environ)
        if not operation.is_public:
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
        """Return whether a game server asks; only checked when its address is over the limit."""
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
