"""The last scores of some players of a board, for the small lines beside its rows."""

from flask import request

from domain.rankings.folding import to_display
from domain.rankings.history.past_scores import list_past_scores
from domain.rankings.reads.named_periods import CURRENT
from web.boards.ranking_fields import period_fields
from web.http.entity_tags import answer_tagged
from web.http.responses import Answer
from web.routes.boards.board_requests import ask, find_ranking
from web.schemas.boards import PastScoresQuery
from web.schemas.queries import load_query
from web.services import services

_query = PastScoresQuery()


def list_all(board_id: str) -> Answer:
    """Return by which scores players came to those of now."""
    query = load_query(_query, request.args)
    asked = ask(board_id)
    found = find_ranking(asked, CURRENT, query["segment"])
    user_ids = dict.fromkeys(map(str, query["players"]))
    past = list_past_scores(
        services().store, version=asked.live, found=found, user_ids=list(user_ids), now=asked.now
    )
    payload = {
        **period_fields(asked.board, found, asked.now),
        "players": [
            {
                "userId": user,
                "scores": [to_display(found.definition, value) for value in past[user]],
            }
            for user in user_ids
            if user in past
        ],
    }
    return answer_tagged(payload, request.headers.get("If-None-Match"))
