"""The leaderboard: its top, and the caller's own standing."""

from functools import lru_cache, partial

from flask import Request, Response, request

from domain.boards.model import Place
from domain.boards.reader import find_neighborhood, read_page
from web.boards.row_encoding import page_fields, standing_fields, top_fields
from web.http.entity_tags import answer_with_etag
from web.http.request_context import current, principal
from web.http.responses import Answer, answer_json, json_response
from web.metrics import top_hits, top_misses
from web.schemas.queries import (
    DEFAULT_TOP_LIMIT,
    LeaderboardQuery,
    NeighborhoodQuery,
    load_query,
)
from web.server.greenlets import run_in_thread
from web.services import services

_leaderboard_query = LeaderboardQuery()
_neighborhood_query = NeighborhoodQuery()


def top() -> Answer:
    """Return the first standings of the board, or those behind a cursor."""
    environ, used = current().environ, services()
    limit, cursor = _read_query(environ["QUERY_STRING"])
    if cursor is not None:
        return _page_after(cursor, limit)
    board, was_in_memory = used.cached_top.read()
    (top_hits if was_in_memory else top_misses).inc()
    page = used.top_encoder.encode(board, limit)
    return answer_with_etag(page.body, page.etag, environ.get("HTTP_IF_NONE_MATCH"))


def own_standing() -> Response:
    """Return the caller's standing, those around it, and the top, all of one moment."""
    neighbors = load_query(_neighborhood_query, request.args)["neighbors"]
    found = find_neighborhood(
        services().store,
        board=services().board,
        user_id=principal().user_id,
        neighbors=neighbors,
    )
    own, total = found.own, found.top.total_users
    return json_response(
        {
            "you": standing_fields(own) if own else None,
            "percentile": round(100 * (total - own.rank) / total, 2) if own and total else None,
            "around": [standing_fields(standing) for standing in found.around],
            **top_fields(found.top, DEFAULT_TOP_LIMIT),
        }
    )


@lru_cache(maxsize=64)
def _read_query(query_string: str) -> tuple[int, Place | None]:
    """Return limit and cursor of the top's query; raises InvalidPayloadError."""
    if not query_string:
        return DEFAULT_TOP_LIMIT, None
    arguments = Request({"REQUEST_METHOD": "GET", "QUERY_STRING": query_string}).args
    query = load_query(_leaderboard_query, arguments)
    return query["limit"], query["cursor"]


def _page_after(place: Place, limit: int) -> Answer:
    read = partial(read_page, services().store, board=services().board, after=place, limit=limit)
    page = run_in_thread(read)
    return answer_json(page_fields(page.standings, page.total_users))
