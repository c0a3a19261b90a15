"""Makes the page `/` with the first rows of the leaderboard, so that it is right without a script.

Called by `web/routes/pages.py`. The page comes while both stores are away, and says so.
"""

from contextlib import suppress

from flask import Response

from domain.boards.model import Top
from domain.errors import TransientError
from web.pages.rendering import render_page
from web.services import services

SHOWN_ROWS = 10


def render_home() -> Response:
    """Return the page with the rows of now, or with a word about why there are none."""
    top = _find_top()
    return render_page(
        "home.html",
        is_read=top is not None,
        rows=top.standings[:SHOWN_ROWS] if top else (),
        total=top.total_users if top else 0,
    )


def _find_top() -> Top | None:
    """Return the top from memory or a store; None while neither has it."""
    top = None
    with suppress(TransientError):
        top, _ = services().cached_top.read()
    return top
