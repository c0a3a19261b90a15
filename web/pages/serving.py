"""Serves the files of this folder: read once, from a fixed list, with a strict CSP.

Called by `web/routes/pages.py` and `web/routes/docs.py`.
"""

from functools import cache
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

from flask import Response, request

from domain.errors import NotFoundError
from web.http.live_url import live_url
from web.services import services

FOLDER = Path(__file__).parent
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
ASSETS = frozenset(
    {
        "board_reads.js",
        "board_view.js",
        "boards.css",
        "boards.js",
        "countdown.js",
        "docs.css",
        "docs.js",
        "entry.js",
        "home.css",
        "home.js",
        "icon.svg",
        "live.js",
        "panel.js",
        "player.js",
        "standings.js",
        "tabs.js",
    }
)


def serve_page(name: str) -> Response:
    """Return a page that may load from and connect to this server and its WebSockets only."""
    response = _serve(name)
    response.headers["Content-Security-Policy"] = _write_policy()
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def serve_asset(name: str) -> Response:
    """Return one of ASSETS; raises NotFoundError for any other name."""
    if name not in ASSETS:
        raise NotFoundError
    return _serve(name)


def _serve(name: str) -> Response:
    body = _read(name)
    etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return Response(status=304, headers=headers)
    return Response(body, 200, headers, content_type=MEDIA_TYPES[Path(name).suffix])


@cache
def _read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def _write_policy() -> str:
    sockets = urlsplit(live_url(services().settings, request.host))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        f" connect-src 'self' {sockets.scheme}://{sockets.netloc};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
