"""The floor of HTTP: a Flask view that reads the JSON and answers a constant, without middleware.

Served by `python -m web.server.serve --target bench.floors.http_app:create`: the product's server
and loop, with none of its background services.
"""

from typing import Any, cast

import orjson
from flask import Flask, Response, request

from web.server.rsgi import RsgiServer

LONGEST_BODY_BYTES = 16 * 1024
PATH = "/api/actions/complete"
# As long as the product's answer to an applied action.
ANSWER = (
    b'{"success":true,"newScore":123456,"previousScore":123000,"leaderboardPosition":5000,'
    b'"actionId":"01234567-89ab-4def-8123-456789abcdef"}'
)


class _NoServices:
    """In the place of the background services."""

    def start(self) -> None:
        """Start nothing."""

    def stop(self) -> None:
        """Stop nothing."""


def create() -> RsgiServer:
    """Return what granian serves."""
    app = Flask("floor_http", static_folder=None)
    app.add_url_rule(PATH, view_func=_answer, methods=["POST"])
    return RsgiServer(app, cast(Any, _NoServices()))


def _answer() -> Response:
    orjson.loads(request.environ["wsgi.input"].read(LONGEST_BODY_BYTES))
    return Response(ANSWER, mimetype="application/json")
