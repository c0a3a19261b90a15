"""Who may see the numbers of the service; called by the views of this room."""

from hmac import compare_digest

from domain.errors import ForbiddenError, InvalidTokenError
from web.access.addresses import is_this_machine
from web.access.verifier import read_bearer_token
from web.http.caller import ROLE_ADMIN
from web.http.request_context import current
from web.services import services


def admit_scraper() -> None:
    """Let through who has METRICS_TOKEN, in development this machine too.

    Raises UnauthorizedError and InvalidTokenError.
    """
    if _needs_token() and not _is_metrics_token(_read_token()):
        raise InvalidTokenError


def admit_operator() -> None:
    """Let through whom `admit_scraper` does, and a token or API key of the role `admin`.

    Raises ForbiddenError for another role, and what the verifier raises.
    """
    if not _needs_token():
        return
    token = _read_token()
    if _is_metrics_token(token):
        return
    if not services().verifier.verify(token).has_role(ROLE_ADMIN):
        raise ForbiddenError(f"This needs METRICS_TOKEN or the role {ROLE_ADMIN}")


def _needs_token() -> bool:
    # In production this machine needs it too: a proxy on it that adds no header looks like it.
    return services().settings.is_production or not is_this_machine(current().environ)


def _read_token() -> str:
    return read_bearer_token(current().environ.get("HTTP_AUTHORIZATION"))


def _is_metrics_token(token: str) -> bool:
    expected = services().settings.metrics_token
    return bool(expected) and compare_digest(token.encode(), expected.encode())
