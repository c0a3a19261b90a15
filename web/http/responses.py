"""JSON answers: written by orjson, times in UTC with `Z`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Response
from werkzeug.datastructures import Headers

JSON_TYPE = "application/json"
# Their answers have no body, and so neither a length nor a type of it.
BODILESS = frozenset({204, 304})


@dataclass(slots=True)
class Answer:
    """What the client is answered, complete: nothing but the common headers is added to it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


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


def answer_json(
    payload: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer with the payload as JSON."""
    return answer_encoded(dump_json(payload), status, headers)


def answer_encoded(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer with this JSON text."""
    described = [*headers.items()] if headers else []
    described += (("Content-Type", JSON_TYPE), ("Content-Length", str(len(body))))
    return Answer(status, described, body)


def make_response(answer: Answer) -> Response:
    """Return the answer as Flask sends it."""
    if answer.status in BODILESS:
        return Response(status=answer.status, headers=answer.headers)
    return ReadyResponse(answer.body, answer.status, answer.headers)


def json_response(
    payload: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with the payload as JSON."""
    return make_response(answer_json(payload, status, headers))
