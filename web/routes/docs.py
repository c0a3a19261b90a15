"""The contract for machines and for people."""

from functools import cache

from flask import Blueprint, Flask, Response, current_app

from web.http.openapi import make_openapi
from web.http.responses import JSON_TYPE, dump_json
from web.pages.serving import serve_page

blueprint = Blueprint("docs", __name__)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Answer the OpenAPI 3.1 document of this API."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy's own
    return Response(_dump_openapi(app), content_type=JSON_TYPE)


@blueprint.get("/docs")
def browse() -> Response:
    """Show the OpenAPI document as a page; works without internet."""
    return serve_page("docs.html")


@cache
def _dump_openapi(app: Flask) -> bytes:
    return dump_json(make_openapi(app))
