"""A player's score over time and last actions, as everybody may see them."""

from typing import Any

from flask import request

from domain.boards.players import get_player_score
from domain.boards.public import PlayerHistory, get_history
from web.boards.player_fields import player_fields
from web.http.entity_tags import answer_tagged
from web.http.responses import Answer
from web.schemas.queries import read_path_uuid
from web.services import services


def history(user_id: str) -> Answer:
    """Return a player's numbers, the score over time, and the last actions that were applied."""
    player = read_path_uuid("userId", user_id)
    used = services()
    found = get_history(used.store, user_id=player)
    numbers = get_player_score(used.store, board=used.board, user_id=player)
    payload = {**player_fields(numbers), **_history_fields(found)}
    return answer_tagged(payload, request.headers.get("If-None-Match"))


def _history_fields(found: PlayerHistory) -> dict[str, Any]:
    return {
        "isWhole": found.is_whole,
        "points": [{"at": point.at, "score": point.score} for point in found.points],
        "lastActions": [
            {
                "at": action.accepted_at,
                "actionType": action.action_type,
                "score": action.score,
                "newScore": action.new_score,
            }
            for action in found.last_actions
        ],
    }
