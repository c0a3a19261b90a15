"""Health for load balancers, launchers and people."""

from flask import Response

from domain.errors import TransientError
from web.http.responses import json_response
from web.services import services


def live() -> Response:
    """Report that this process is up, whatever the state of the stores."""
    return json_response({"status": "ok"})


def ready() -> Response:
    """Report whether this process may take traffic."""
    obstacle = services().readiness.find_obstacle()
    if obstacle is not None:
        raise TransientError(f"Not ready: {obstacle}")
    return json_response({"status": "ready"})


def overall() -> Response:
    """Report the state of each part of the system."""
    return json_response(services().probes.describe())
