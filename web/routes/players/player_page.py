"""The page of one player: its head is written here, the rest comes from the API."""

from flask import Response

from domain.boards.public import find_public_player
from web.http.scalars import parse_uuid
from web.pages.rendering import render_page
from web.services import services


def show(user_id: str) -> Response:
    """Show a player's score, rank, statistics and last actions."""
    wanted = parse_uuid(user_id)
    used = services()
    player = wanted and find_public_player(used.store, board=used.board, user_id=wanted)
    if player is None:
        return render_page("no_player.html", status=404)
    # Without spectators nobody sees a player's numbers without a token: the page asks with one.
    shown = player if used.settings.spectators else None
    return render_page("player.html", user_id=wanted, player=shown)
