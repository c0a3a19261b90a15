"""The pages and what they load; everything comes from here, nothing from the internet."""

from flask import Blueprint, Response

from web.pages.serving import serve_asset, serve_page

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> Response:
    """Show the live leaderboard."""
    return serve_page("home.html")


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """Answer a script, a style sheet or a picture of the pages."""
    return serve_asset(name)
