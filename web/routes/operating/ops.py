"""The page for operators, and the numbers of now that it shows."""

import os
import socket
from datetime import UTC, datetime
from typing import Any

from flask import Response

from domain.version import read_version
from web.http.responses import json_response
from web.metrics import collect_metrics
from web.pages.rendering import render_page
from web.routes.operating.admission import admit_operator
from web.routes.operating.numbers import describe_numbers
from web.services import services


def page() -> Response:
    """Show the service to those who run it."""
    return render_page("ops.html", flower_port=services().settings.flower_port)


def numbers() -> Response:
    """Return the numbers of now: counters, gauges and health, at most a second old."""
    admit_operator()
    return json_response(services().numbers_of_now.read(_make_numbers))


def _make_numbers() -> dict[str, Any]:
    used = services()
    folder = used.settings.prometheus_multiproc_dir
    machine = socket.gethostname()
    return {
        "at": datetime.now(UTC),
        "version": read_version(),
        # Counters of two of these are not one counter: behind a balancer either may answer.
        "instance": machine if folder else f"{machine}:{os.getpid()}",
        "scope": "machine" if folder else "process",
        "health": used.probes.describe(),
        **describe_numbers(collect_metrics(shared_folder=folder)),
    }
