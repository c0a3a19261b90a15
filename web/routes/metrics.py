"""`/metrics` for Prometheus: with METRICS_TOKEN, in development open to this machine without."""

from hmac import compare_digest

from flask import Response, request

from domain.errors import InvalidTokenError
from web.access.addresses import is_this_machine
from web.access.verifier import read_bearer_token
from web.metrics import export_metrics
from web.services import services


def expose() -> Response:
    """Return the metrics of all processes."""
    settings = services().settings
    # In production this machine needs it too: a proxy on it that adds no header looks like it.
    if settings.is_production or not is_this_machine(request.environ):
        _check_token(settings.metrics_token)
    text, content_type = export_metrics(
        request.headers.get("Accept"), shared_folder=settings.prometheus_multiproc_dir
    )
    return Response(text, content_type=content_type)


def _check_token(expected: str) -> None:
    token = read_bearer_token(request.environ.get("HTTP_AUTHORIZATION"))
    if not expected or not compare_digest(token.encode(), expected.encode()):
        raise InvalidTokenError
