"""The leaderboard: its top, and the caller's own standing."""

from functools import partial

from flask import Response, request

from domain.boards.model import Place
from domain.boards.reader import find_neighborhood, read_page
from web.boards.row_encoding import page_fields, standing_fields, top_fields
from web.http.request_context import principal
from web.http.responses import JSON_TYPE, ReadyResponse, json_response
from web.metrics import top_hits, top_misses
from web.schemas.queries import (
    DEFAULT_TOP_LIMIT,
    LeaderboardQuery,
    NeighborhoodQuery,
    load_query,
)
from web.server.greenlets import run_in_thread
from web.services import services

# A private cache may keep it and must revalidate it each time.
CACHE_CONTROL = "private, no-cache"

_leaderboard_query = LeaderboardQuery()
_neighborhood_query = NeighborhoodQuery()


def top() -> Response:
    """Return the first standings of the board, or those behind a cursor."""
    limit = DEFAULT_TOP_LIMIT
    if request.query_string:
        query = load_query(_leaderboard_query, request.args)
        limit = query["limit"]
        if query["cursor"] is not None:
            return _page_after(query["cursor"], limit)
    current, was_in_memory = services().cached_top.read()
    (top_hits if was_in_memory else top_misses).inc()
    page = services().top_encoder.encode(current, limit)
    headers = {"ETag": page.etag, "Cache-Control": CACHE_CONTROL}
    if _matches(request.environ.get("HTTP_IF_NONE_MATCH"), page.etag):
        return Response(status=304, headers=headers)
    return ReadyResponse(page.body, 200, headers, content_type=JSON_TYPE)


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


def _page_after(place: Place, limit: int) -> Response:
    read = partial(read_page, services().store, board=services().board, after=place, limit=limit)
    page = run_in_thread(read)
    return json_response(page_fields(page.standings, page.total_users))


def _matches(if_none_match: str | None, etag: str) -> bool:
    if not if_none_match:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags
