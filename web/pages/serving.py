"""Serves the files of `static/`: read once, from a fixed list, by their names alone.

Called by `web/routes/pages.py`; the pages themselves are made by `rendering.py`.
"""

from functools import cache
from hashlib import blake2b
from pathlib import Path

from flask import Response, request

from domain.errors import NotFoundError

FOLDER = Path(__file__).with_name("static")
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
ASSETS = frozenset(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.rglob("*")
    if path.suffix in MEDIA_TYPES and path.is_file()
)
"""The paths below `/assets/` that are served."""


def serve_asset(name: str) -> Response:
    """Return one of ASSETS; raises NotFoundError for any other name."""
    if name not in ASSETS:
        raise NotFoundError
    return serve_bytes(_read(name), MEDIA_TYPES[Path(name).suffix])


def serve_bytes(body: bytes, media_type: str) -> Response:
    """Return what a browser keeps and asks after each time: 304 when it has not changed."""
    etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return Response(status=304, headers=headers)
    return Response(body, 200, headers, content_type=media_type)


@cache
def _read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
