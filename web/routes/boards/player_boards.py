"""The boards that a player is on, for the page of the player."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from flask import request

from domain.boards.public import require_public
from domain.rankings.reads.named_periods import CURRENT
from web.boards.ranking_fields import place_fields, ranking_fields
from web.http.entity_tags import answer_tagged
from web.http.responses import Answer
from web.routes.boards.board_requests import Asked, read_rights
from web.routes.boards.player_places import find_place
from web.schemas.queries import read_path_uuid
from web.services import services

# Each is some reads of a store.
MAX_BOARDS = 20


def list_all(user_id: str) -> Answer:
    """Return a player's place on each board that the caller may read, in the periods of now."""
    player = read_path_uuid("userId", user_id)
    require_public(services().store, user_id=player)
    places = [*_list_places(player, datetime.now(UTC))]
    return answer_tagged({"places": places}, request.headers.get("If-None-Match"))


def _list_places(user_id: UUID, now: datetime) -> Iterator[dict[str, Any]]:
    is_player, is_admin = read_rights()
    boards = services().boards.list(is_player=is_player, is_admin=is_admin)
    for board in islice((board for board in boards if board.live), MAX_BOARDS):
        found, place = find_place(
            Asked(board, is_admin, now), user_id, period=CURRENT, segment=None
        )
        if place.own is not None:
            yield {
                **ranking_fields(board, found, place.total, now),
                **place_fields(place),
                "title": board.definition.title,
                "rank": place.own.rank,
                "score": place.own.score,
            }
