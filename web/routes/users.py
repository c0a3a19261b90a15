"""One player's score, statistics and rank."""

from uuid import UUID

from flask import Response

from domain.boards.players import get_player_score
from web.boards.player_fields import player_fields
from web.http.responses import json_response
from web.metrics import user_hits, user_misses
from web.schemas.queries import read_path_uuid
from web.services import services


def score(user_id: str) -> Response:
    """Return a player's score, statistics and rank."""
    wanted: UUID = read_path_uuid("userId", user_id)
    player = get_player_score(services().store, board=services().board, user_id=wanted)
    (user_hits if player.from_cache else user_misses).inc()
    return json_response(player_fields(player))
