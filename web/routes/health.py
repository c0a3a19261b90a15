"""Health for balancers, launchers and people."""

from flask import Blueprint, Response

from domain.errors import TransientError
from web.http.responses import json_response
from web.services import services

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
def live() -> Response:
    """Say that this process is up, whatever else is."""
    return json_response({"status": "ok"})


@blueprint.get("/ready")
def ready() -> Response:
    """Say whether this process may take traffic."""
    obstacle = services().readiness.find_obstacle()
    if obstacle is not None:
        raise TransientError(f"Not ready: {obstacle}")
    return json_response({"status": "ready"})


@blueprint.get("")
def overall() -> Response:
    """Say how each part of the system is."""
    parts = services().probes.run()
    is_ok = all(part["ok"] for part in parts.values())
    return json_response({"status": "ok" if is_ok else "degraded", "parts": parts})
