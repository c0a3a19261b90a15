"""The API's description: for machines, for API clients, and as a page for people."""

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from flask import Response, current_app, request

from web.http.error_words import ERROR_WORDS
from web.http.errors import STATUS_BY_CODE
from web.http.live_url import read_host_name
from web.http.operation import Operation
from web.http.responses import JSON_TYPE, dump_json
from web.pages.rendering import render_page
from web.pages.serving import serve_bytes
from web.routes.describing.collection import make_collection
from web.routes.describing.openapi import make_openapi
from web.server.flask_app import Api


def openapi() -> Response:
    """Return the OpenAPI 3.1 document of this API."""
    return serve_bytes(dump_json(_make_document(_rows())), JSON_TYPE)


def collection() -> Response:
    """Return the operations as a Postman collection, which Bruno imports too."""
    name = read_host_name(request.host)
    base_url = f"{request.scheme}://{request.host if name else 'localhost'}"
    return serve_bytes(dump_json(make_collection(_make_document(_rows()), base_url)), JSON_TYPE)


def browse() -> Response:
    """Show the OpenAPI document as a page; works without internet."""
    return render_page("docs.html", errors=_list_errors())


def _rows() -> tuple[Operation, ...]:
    # The application's rows, not the table itself: the table imports this module.
    return tuple(cast(Api, current_app).operations.values())


@cache
def _make_document(operations: tuple[Operation, ...]) -> dict[str, Any]:
    return make_openapi(operations)


@cache
def _list_errors() -> Sequence[dict[str, Any]]:
    """Return the codes with their words, each second part of which is code."""
    return tuple(
        {
            "code": code,
            "status": status,
            "meaning": _upper(ERROR_WORDS[code].meaning).split("`"),
            "remedy": ERROR_WORDS[code].remedy.split("`"),
        }
        for code, status in STATUS_BY_CODE.items()
    )


def _upper(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
