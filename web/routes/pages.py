"""The pages and what they load; everything comes from here, nothing from the internet."""

from flask import Response

from web.pages.serving import serve_asset, serve_page


def home() -> Response:
    """Show the live leaderboard."""
    return serve_page("home.html")


def asset(name: str) -> Response:
    """Answer a script, a style sheet or a picture of the pages."""
    return serve_asset(name)
