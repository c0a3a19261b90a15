"""The OpenAPI document for machines, and the page that shows it to people."""

from functools import cache
from typing import cast

from flask import Response, current_app

from web.http.operation import Operation
from web.http.responses import JSON_TYPE, dump_json
from web.pages.rendering import render_page
from web.pages.serving import serve_bytes
from web.routes.describing.openapi import make_openapi
from web.server.flask_app import Api


def openapi() -> Response:
    """Return the OpenAPI 3.1 document of this API."""
    # The application's rows, not the table itself: the table imports this module.
    rows = cast(Api, current_app).operations.values()
    return serve_bytes(_dump_openapi(tuple(rows)), JSON_TYPE)


def browse() -> Response:
    """Show the OpenAPI document as a page; works without internet."""
    return render_page("docs.html")


@cache
def _dump_openapi(operations: tuple[Operation, ...]) -> bytes:
    return dump_json(make_openapi(operations))
