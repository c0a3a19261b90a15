"""The pages and their assets; nothing is loaded from the internet."""

from flask import Response

from web.pages.serving import serve_asset, serve_page


def home() -> Response:
    """Show the live leaderboard."""
    return serve_page("home.html")


def asset(name: str) -> Response:
    """Return a script, a style sheet or an image of the pages."""
    return serve_asset(name)
