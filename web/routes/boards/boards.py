"""Boards for their readers: the list, one board, its standings, and the rank of a score."""

from datetime import UTC, datetime
from typing import Any

from flask import request

from domain.boards.reader import find_rank_of_score
from domain.errors import CursorExpiredError, ForbiddenError
from domain.rankings.model import Reason
from domain.rankings.reads import finding
from domain.rankings.reads.finding import FoundRanking
from domain.rankings.reads.pages import Continuation, RankingPage, read_page
from domain.rankings.reads.reader import find_rank_of
from domain.rankings.reads.standings import bound_of
from domain.rankings.values import scale
from web.boards.cursors import parse_board_cursor
from web.boards.global_standings import read_global_page
from web.boards.ranking_cursors import parse_ranking_cursor, write_ranking_cursor
from web.boards.ranking_fields import board_fields, list_fields, ranking_fields
from web.http.entity_tags import answer_tagged
from web.http.responses import Answer
from web.routes.boards.board_requests import (
    Asked,
    ask,
    find_progress,
    find_ranking,
    read_rights,
    refuse_field,
)
from web.schemas.boards import BoardRankQuery, BoardStandingsQuery
from web.schemas.queries import load_query
from web.services import services

MAX_SEGMENTS = 1000

_standings_query = BoardStandingsQuery()
_rank_query = BoardRankQuery()


def list_all() -> Answer:
    """Return the boards that the caller may read, each with its period of now."""
    is_player, is_admin = read_rights()
    now = datetime.now(UTC)
    boards = services().boards.list(is_player=is_player, is_admin=is_admin)
    return _answer({"boards": [board_fields(board, now) for board in boards]})


def one(board_id: str) -> Answer:
    """Return a board, its period of now, and how far the computing of its next version is."""
    asked = ask(board_id)
    board = asked.board
    building = board.building
    segments = None
    if board.live is not None and board.definition.segment is not None:
        segments = finding.list_segments(
            services().store, live=board.live, now=asked.now, limit=MAX_SEGMENTS
        )
    return _answer(
        {
            **board_fields(board, asked.now),
            "segments": segments,
            "building": building
            and {"version": building.version, "progress": find_progress(board)},
        }
    )


def standings(board_id: str) -> Answer:
    """Return the first standings of a period, or those behind a cursor."""
    query = load_query(_standings_query, request.args)
    asked = ask(board_id)
    if query["revision"] is not None and not asked.is_admin:
        raise ForbiddenError("Only admins read earlier revisions")
    if asked.board.is_global:
        return _answer_global(asked, query)
    after = _read_cursor(query["cursor"])
    found = _find_ranking(asked, query, after)
    page = RankingPage(0, (), None)
    if found.ranking is not None:
        page = read_page(services().store, ranking=found.ranking, after=after, limit=query["limit"])
    return _answer(
        {
            **ranking_fields(asked.board, found, page.total, asked.now),
            "leaderboard": list_fields(page.standings),
            "nextCursor": write_ranking_cursor(page.continuation),
        }
    )


def rank_of_score(board_id: str) -> Answer:
    """Return the rank that a score would get now; nothing is written."""
    query = load_query(_rank_query, request.args)
    asked = ask(board_id)
    found = find_ranking(asked, query["period"], query["segment"])
    definition = found.definition
    if len(query["columns"]) > len(definition.tie_breakers):
        raise refuse_field("columns", "The board has fewer tie-breakers.")
    numbers = [
        _scale(name, each, definition.decimals)
        for name, each in (("score", query["score"]), *(("columns", c) for c in query["columns"]))
    ]
    total, rank = 0, 1
    if asked.board.is_global:
        total, rank = find_rank_of_score(services().store, board=definition.id, score=numbers[0])
    elif found.ranking is not None:
        bound = bound_of(definition, numbers)
        total, rank = find_rank_of(services().store, ranking=found.ranking, bound=bound)
    fields = ranking_fields(asked.board, found, total, asked.now)
    return _answer({**fields, "score": query["score"], "rank": rank})


def _scale(name: str, value: float, decimals: int) -> int:
    scaled = scale(value, decimals, None)
    if isinstance(scaled, Reason):
        raise refuse_field(name, "Out of range.")
    return scaled


def _answer_global(asked: Asked, query: dict[str, Any]) -> Answer:
    found = find_ranking(asked, query["period"], query["segment"])
    place = None
    if query["cursor"] is not None:
        place = parse_board_cursor(query["cursor"])
        if place is None:
            raise refuse_field("cursor", "Not a cursor of ours.")
    total, rows, cursor = read_global_page(services().store, after=place, limit=query["limit"])
    return _answer(
        {
            **ranking_fields(asked.board, found, total, asked.now),
            "leaderboard": list_fields(rows),
            "nextCursor": cursor,
        }
    )


def _read_cursor(cursor: str | None) -> Continuation | None:
    if cursor is None:
        return None
    after = parse_ranking_cursor(cursor)
    if after is None:
        raise refuse_field("cursor", "Not a cursor of ours.")
    return after


def _find_ranking(asked: Asked, query: dict[str, Any], after: Continuation | None) -> FoundRanking:
    """Return the ranking of the first page, or that of the cursor, whatever period is now."""
    if after is None:
        found = find_ranking(asked, query["period"], query["segment"])
        revision = query["revision"]
    else:
        found = _find_continued(asked, query["segment"], after)
        revision = after.revision or None
    if revision is None or (found.ranking and revision == found.ranking.revision):
        return found
    if not asked.is_admin:
        raise CursorExpiredError
    return finding.at_revision(services().store, found=found, revision=revision)


def _find_continued(asked: Asked, segment: str | None, after: Continuation) -> FoundRanking:
    found = finding.find_numbered(
        services().store, live=asked.live, ranking_no=after.ranking_no, now=asked.now
    )
    if found is None or _is_abandoned(asked, found, after):
        raise CursorExpiredError
    if segment is not None and segment != found.segment:
        raise refuse_field("cursor", "Of another segment.")
    return found


def _is_abandoned(asked: Asked, found: FoundRanking, after: Continuation) -> bool:
    """Return whether nobody counts in the ranking any more: it is of a version from before."""
    is_live = found.version == asked.live.version
    return not (is_live or found.revision or after.walk_id)


def _answer(payload: dict[str, Any]) -> Answer:
    return answer_tagged(payload, request.headers.get("If-None-Match"))
