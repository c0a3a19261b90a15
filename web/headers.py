"""The headers every answer carries: its request's id and what keeps browsers careful."""

from flask import Flask, Response

from web.context import request_id


def register_headers(app: Flask) -> None:
    """Add the headers to every answer of this application."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Return the answer with its common headers."""
    headers = response.headers
    headers["X-Request-ID"] = request_id()
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")
    return response
