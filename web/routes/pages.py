"""The pages and their assets; nothing is loaded from the internet."""

from flask import Response

from domain.fraud.checks.table import CHECKS_BY_NAME, REASONS
from domain.moderation.model import BanReason
from web.pages.home_page import render_home
from web.pages.rendering import render_page
from web.pages.serving import serve_asset


def home() -> Response:
    """Show the live leaderboard."""
    return render_home()


def moderation() -> Response:
    """Show the page of moderators; what it shows, it reads from the API with their token."""
    return render_page(
        "moderation.html",
        reasons=REASONS,
        checks=list(CHECKS_BY_NAME),
        ban_reasons=[*map(str, BanReason)],
    )


def asset(name: str) -> Response:
    """Return a script, a style sheet or an image of the pages."""
    return serve_asset(name)
