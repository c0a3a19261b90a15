"""Errors as pages, for browsers that open an address; programs get the envelope of `web/http`.

Given by `web/app.py` to the error handlers, which have made the answer already.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request

from web.http.responses import Answer, make_response
from web.pages.rendering import render_page

API = "/api"
TITLES: Mapping[int, str] = {
    401: "This needs a token",
    403: "This is not for you to see",
    404: "There is nothing at this address",
    405: "This cannot be done here",
    429: "Too many requests",
    500: "Something went wrong on our side",
    503: "Not now",
}
OTHER_TITLE = "This did not work"
ADVICE: Mapping[int, str] = {
    401: "It is for programs that send a token. If you followed a link, tell whoever made it.",
    403: "You may be signed in with another account than you need, or the address is for others.",
    404: "The address may be mistyped, or what was here is gone.",
    405: "The address is right, but is only called in another way, by a program.",
    429: "Wait a little, and load the page again.",
    500: "It is in our log. Try again; if it stays, tell those who run this server the id below.",
    503: "Something that this server needs is away. Nothing is lost; try again in a moment.",
}
OTHER_ADVICE = "Go back, and try another way."


def show_error(answer: Answer) -> Response:
    """Return an error's answer, as a page for a browser that opens the address of one.

    What is below `/api` is JSON whoever asks, and so is the rest for those who do not prefer HTML.
    """
    if not _wants_page():
        return make_response(answer)
    error: dict[str, Any] = orjson.loads(answer.body)["error"]
    page = render_page(
        "error.html",
        answer.status,
        title=TITLES.get(answer.status, OTHER_TITLE),
        advice=ADVICE.get(answer.status, OTHER_ADVICE),
        code=error["code"],
        error_status=answer.status,
        request_id=error["requestId"],
    )
    for name, value in answer.headers:
        if not name.startswith("Content-"):
            page.headers[name] = value
    return page


def _wants_page() -> bool:
    if request.path == API or request.path.startswith(f"{API}/"):
        return False
    accepted = request.accept_mimetypes
    return bool(accepted.quality("text/html") > accepted.quality("application/json"))
