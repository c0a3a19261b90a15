"""How an answer is written: JSON by orjson, times in UTC with `Z`."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response
from werkzeug.datastructures import Headers

JSON_TYPE = "application/json"


class ReadyResponse(Response):
    """An answer that has its body and goes out with the headers it was made with.

    werkzeug would copy them and look through the copy for what only redirects and streams need.
    """

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Return the headers."""
        return self.headers


def dump_json(payload: Any) -> bytes:
    """Return the JSON of what a route answers."""
    return orjson.dumps(payload, option=orjson.OPT_UTC_Z)


def json_response(
    payload: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the payload as a JSON answer."""
    return ReadyResponse(dump_json(payload), status, headers, content_type=JSON_TYPE)
