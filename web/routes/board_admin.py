"""Boards made, changed and removed by admins; the table says that the role is needed."""

import structlog
from flask import Response, request

from domain.boards.model import BoardId, is_slug
from domain.errors import NotFoundError
from domain.rankings.administration.boards import (
    change_board,
    create_board,
    delete_board,
    get_board,
    list_boards,
)
from domain.store.postgres.rankings.stored_boards import StoredBoard
from web.boards.board_records import describe_board, read_if_match, write_etag
from web.http.json_body import read_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.schemas.board_definitions import BoardChangeQuery, BoardDeletionQuery
from web.schemas.queries import load_query
from web.services import services

logger = structlog.get_logger(__name__)

_change_query = BoardChangeQuery()
_deletion_query = BoardDeletionQuery()


def create() -> Response:
    """Make a board; it counts from now on, and is shown once what was before has been counted."""
    stored = create_board(services().store, document=read_json_object(request.environ))
    _log("board made", stored.board)
    return _answer(stored, 201, {"Location": f"/api/admin/boards/{stored.board}"})


def list_all() -> Response:
    """Return every board, archived ones too."""
    boards = [describe_board(stored) for stored in list_boards(services().store)]
    return json_response({"boards": boards})


def show(board_id: str) -> Response:
    """Return one board."""
    return _answer(get_board(services().store, board=_read_id(board_id)))


def change(board_id: str) -> Response:
    """Change a board by a JSON merge patch of its definition."""
    board = _read_id(board_id)
    query = load_query(_change_query, request.args)
    stored = change_board(
        services().store,
        board=board,
        patch=read_json_object(request.environ),
        revisions=read_if_match(request.headers.get("If-Match")),
        rescore=query["rescore"],
    )
    _log("board changed", board)
    return _answer(stored)


def delete(board_id: str) -> Response:
    """Remove a board, or archive it."""
    board = _read_id(board_id)
    query = load_query(_deletion_query, request.args)
    delete_board(
        services().store,
        board=board,
        revisions=read_if_match(request.headers.get("If-Match")),
        archive=query["archive"],
    )
    _log("board archived" if query["archive"] else "board deleted", board)
    return Response(status=204)


def _read_id(board_id: str) -> BoardId:
    if not is_slug(board_id):
        raise NotFoundError("There is no such board")
    return BoardId(board_id)


def _answer(
    stored: StoredBoard, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    tagged = {"ETag": write_etag(stored), **(headers or {})}
    return json_response(describe_board(stored), status, tagged)


def _log(event: str, board: BoardId) -> None:
    logger.info(event, board=board.slug, user_id=str(principal().user_id))
