"""What every request passes before its view: the limits, then the token, unless its row says not.

The order is the contract's: 404 and 405, then the address's limit, the token, the user's limit, the
role.
"""

from collections.abc import Mapping
from typing import Any

from domain.errors import ForbiddenError, LaurelError, RateLimitExceededError
from web.access.addresses import find_limited_address
from web.access.rate_limits import Limits
from web.access.verifier import TokenVerifier, read_bearer_token
from web.http.caller import Allowance, Principal
from web.http.operation import Operation
from web.http.request_context import RequestContext, current

Environ = Mapping[str, Any]


class AccessMiddleware:
    """Checks each request.

    Holds all it needs: looking up the application and its services costs more than the checks.
    """

    def __init__(self, *, limits: Limits, verifier: TokenVerifier, trusted_hops: int):
        self._limits = limits
        self._verifier = verifier
        self._trusted_hops = trusted_hops

    def check(self, operation: Operation) -> None:
        """Let the current request through to this endpoint, or raise what refuses it."""
        context = current()
        if operation.is_limited:
            self._count_address(context)
        if operation.checks_token and (
            not operation.is_public or "HTTP_AUTHORIZATION" in context.environ
        ):
            self._admit(context)
            _check_spectator(context, operation)
        if operation.role is not None:
            _check_role(context, operation.role)

    def _count_address(self, context: RequestContext) -> None:
        environ = context.environ
        address = find_limited_address(environ, trusted_hops=self._trusted_hops)
        if address is None:
            return
        allowance = self._limits.hit_address(address)
        context.allowance = allowance
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

    def _admit(self, context: RequestContext) -> None:
        principal = context.principal = self._verify(context.environ)
        if principal.is_service:
            context.allowance = None
            return
        allowance = context.allowance = self._limits.hit_user(principal.user_id)
        if allowance.is_exceeded:
            _refuse(allowance)


def _check_spectator(context: RequestContext, operation: Operation) -> None:
    principal = context.principal
    if principal is not None and principal.is_spectator and not operation.for_spectators:
        raise ForbiddenError("Spectators may only look: register or log in for this")


def _check_role(context: RequestContext, role: str) -> None:
    if context.principal is None or not context.principal.has_role(role):
        raise ForbiddenError(f"This needs the role {role}")


def _refuse(allowance: Allowance) -> None:
    raise RateLimitExceededError(retry_after_seconds=allowance.reset_seconds)
