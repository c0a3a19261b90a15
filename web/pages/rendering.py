"""Makes pages out of `templates/`, with a policy that lets them use this server alone.

Called by the views of pages. `layout.html` has what all pages share.
"""

from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web.http.live_url import live_url
from web.pages.formatting import format_count, format_number
from web.pages.serving import serve_bytes
from web.services import services

HTML_TYPE = "text/html; charset=utf-8"
FOLDER = Path(__file__).with_name("templates")


def render_page(template: str, status: int = 200, **values: Any) -> Response:
    """Return a page that may load from and connect to this server and its live process only.

    Every value is escaped where the template writes it. A browser keeps no page of an error.
    """
    body = _environment().get_template(template).render(values).encode()
    if status == HTTPStatus.OK:
        response = serve_bytes(body, HTML_TYPE)
    else:
        response = Response(body, status, content_type=HTML_TYPE)
    response.headers["Content-Security-Policy"] = _write_policy()
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": format_number, "count": format_count}
    return made


def _write_policy() -> str:
    live = urlsplit(live_url(services().settings, request.host))
    # Events of the live process also come over HTTP, see `GET /api/stream`.
    http = "https" if live.scheme == "wss" else "http"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        f" connect-src 'self' {live.scheme}://{live.netloc} {http}://{live.netloc};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
