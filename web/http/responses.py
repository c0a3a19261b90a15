"""JSON responses: written by orjson, times in UTC with `Z`."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from werkzeug.datastructures import Headers

JSON_TYPE = "application/json"


class ReadyResponse(Response):
    """A response with a complete body, sent with exactly the headers it was made with.

    werkzeug would copy them and search the copy for what only redirects and streams need.
    """

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Return the headers themselves."""
        return self.headers


def dump_json(payload: Any) -> bytes:
    """Return the payload as JSON bytes."""
    return orjson.dumps(payload, option=orjson.OPT_UTC_Z)


def json_response(
    payload: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with the payload as JSON."""
    return ReadyResponse(dump_json(payload), status, headers, content_type=JSON_TYPE)
