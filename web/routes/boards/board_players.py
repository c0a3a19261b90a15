"""Players on boards: the caller's own place, and another player's."""

from typing import Any
from uuid import UUID

from flask import request

from domain.errors import NotFoundError
from domain.rankings.reads.finding import FoundRanking
from domain.rankings.reads.reader import RankingNeighborhood, find_neighborhood
from web.boards.global_standings import find_global_neighborhood
from web.boards.ranking_fields import (
    list_fields,
    place_fields,
    ranking_fields,
    standing_fields,
)
from web.http.entity_tags import answer_tagged
from web.http.request_context import principal
from web.http.responses import Answer
from web.routes.boards.board_requests import Asked, ask, find_ranking_of_player
from web.schemas.boards import BoardNeighborhoodQuery, BoardPlayerQuery
from web.schemas.queries import DEFAULT_TOP_LIMIT, load_query, read_path_uuid
from web.services import services

_neighborhood_query = BoardNeighborhoodQuery()
_player_query = BoardPlayerQuery()
_NOBODY = RankingNeighborhood(0, (), None, (), None, None)


def own(board_id: str) -> Answer:
    """Return the caller's standing, those around it, and the top, all of one moment."""
    query = load_query(_neighborhood_query, request.args)
    asked = ask(board_id)
    found, place = _look(asked, query, principal().user_id, query["neighbors"], DEFAULT_TOP_LIMIT)
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
    found, place = _look(asked, query, player, 0, 0)
    if place.own is None:
        raise NotFoundError("The player is not on this board in this period")
    return _answer(
        {
            **ranking_fields(asked.board, found, place.total, asked.now),
            **place_fields(place),
            "player": standing_fields(place.own),
        }
    )


def _look(
    asked: Asked, query: dict[str, Any], user_id: UUID, neighbors: int, top_size: int
) -> tuple[FoundRanking, RankingNeighborhood]:
    found = find_ranking_of_player(asked, query["period"], query["segment"], user_id)
    if asked.board.is_global:
        return found, find_global_neighborhood(
            services().store, user_id=user_id, neighbors=neighbors, top_size=top_size
        )
    if found.ranking is None:
        return found, _NOBODY
    return found, find_neighborhood(
        services().store,
        ranking=found.ranking,
        user_id=user_id,
        neighbors=neighbors,
        top_size=top_size,
        now=asked.now,
    )


def _answer(payload: dict[str, Any]) -> Answer:
    return answer_tagged(payload, request.headers.get("If-None-Match"))
