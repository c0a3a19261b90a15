"""Players on boards: the caller's own place, and another player's."""

from typing import Any

from flask import request

from domain.errors import NotFoundError
from web.boards.ranking_fields import (
    list_fields,
    place_fields,
    ranking_fields,
    standing_fields,
)
from web.http.entity_tags import answer_tagged
from web.http.request_context import principal
from web.http.responses import Answer
from web.routes.boards.board_requests import ask
from web.routes.boards.player_places import find_place
from web.schemas.boards import BoardNeighborhoodQuery, BoardPlayerQuery
from web.schemas.queries import DEFAULT_TOP_LIMIT, load_query, read_path_uuid

_neighborhood_query = BoardNeighborhoodQuery()
_player_query = BoardPlayerQuery()


def own(board_id: str) -> Answer:
    """Return the caller's standing, those around it, and the top, all of one moment."""
    query = load_query(_neighborhood_query, request.args)
    asked = ask(board_id)
    found, place = find_place(
        asked,
        principal().user_id,
        period=query["period"],
        segment=query["segment"],
        neighbors=query["neighbors"],
        top_size=DEFAULT_TOP_LIMIT,
    )
    return _answer(
        {
            **ranking_fields(asked.board, found, place.total, asked.now),
            **place_fields(place),
            "you": standing_fields(place.own) if place.own else None,
            "around": list_fields(place.around),
            "leaderboard": list_fields(place.top),
        }
    )


def one(board_id: str, user_id: str) -> Answer:
    """Return a player's standing."""
    player = read_path_uuid("userId", user_id)
    query = load_query(_player_query, request.args)
    asked = ask(board_id)
    found, place = find_place(asked, player, period=query["period"], segment=query["segment"])
    if place.own is None:
        raise NotFoundError("The player is not on this board in this period")
    return _answer(
        {
            **ranking_fields(asked.board, found, place.total, asked.now),
            **place_fields(place),
            "player": standing_fields(place.own),
        }
    )


def _answer(payload: dict[str, Any]) -> Answer:
    return answer_tagged(payload, request.headers.get("If-None-Match"))
