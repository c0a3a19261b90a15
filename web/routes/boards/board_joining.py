"""Joining a board."""

from flask import Response

from domain.boards.model import BoardId, is_slug
from domain.errors import NotFoundError
from domain.rankings.joining import join_board
from web.http.caller import ROLE_ADMIN
from web.http.request_context import principal
from web.http.responses import json_response
from web.services import services


def join(board_id: str) -> Response:
    """Join a board that counts only those who have joined it."""
    if not is_slug(board_id):
        raise NotFoundError("There is no such board")
    player = principal()
    joined_at = join_board(
        services().store,
        board=BoardId(board_id),
        user_id=player.user_id,
        username=player.username,
        is_admin=ROLE_ADMIN in player.roles,
    )
    return json_response({"board": board_id, "joinedAt": joined_at})
