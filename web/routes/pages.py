"""The pages and their assets; nothing is loaded from the internet."""

from flask import Response

from web.pages.home_page import render_home
from web.pages.serving import serve_asset


def home() -> Response:
    """Show the live leaderboard."""
    return render_home()


def asset(name: str) -> Response:
    """Return a script, a style sheet or an image of the pages."""
    return serve_asset(name)
