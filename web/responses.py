"""How an answer is written: JSON by orjson, times in UTC with `Z`."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response

JSON_TYPE = "application/json"


def dump_json(payload: Any) -> bytes:
    """Return the JSON of what a route answers."""
    return orjson.dumps(payload, option=orjson.OPT_UTC_Z)


def json_response(
    payload: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the payload as a JSON answer."""
    return Response(dump_json(payload), status, headers, content_type=JSON_TYPE)
