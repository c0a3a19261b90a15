"""Everything that is stored of the caller, page by page: the account, live and archived actions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from flask import Response, request

from domain.accounts.exporting import export_account, export_holdings
from domain.actions.history import list_actions
from domain.archives.reading import ArchivePlace, list_archived_actions
from domain.boards.players import get_player_score
from domain.errors import InvalidPayloadError, OverloadedError
from web.http.json_body import read_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.intake.answers import describe_record
from web.routes.own.describing import describe_account
from web.schemas.accounts import FullExportSchema
from web.schemas.base import load
from web.schemas.cursors import (
    parse_archive_cursor,
    parse_cursor,
    write_archive_cursor,
    write_cursor,
)
from web.services import services

_export = FullExportSchema()
# The page on which the archives begin.
_ARCHIVES = "archives"
# Files are unpacked and searched, which takes whole seconds of CPU where a player has many actions,
# or there are many months: who asks again and again must not slow the intake of actions.
_archive_readers = BoundedSemaphore(2)


def export_all() -> Response:
    """Export everything that is stored of the caller; a page has so many actions at most."""
    body = load(_export, read_json_object(request.environ))
    user_id, cursor, limit = principal().user_id, body["cursor"], body["limit"]
    account = _describe_account(user_id) if cursor is None else None
    before_no = None if cursor is None else parse_cursor(cursor)
    next_cursor: str | None
    if cursor is None or before_no is not None:
        actions, next_cursor = _list_live(user_id, before_no, limit)
        is_archived = False
    else:
        actions, next_cursor = _list_archived(user_id, _read_place(cursor), limit)
        is_archived = True
    return json_response(
        {
            "account": account,
            "actions": actions,
            "archived": is_archived,
            "nextCursor": next_cursor,
        }
    )


def _describe_account(user_id: UUID) -> dict[str, Any]:
    store = services().store
    account = export_account(store, user_id=user_id, now=datetime.now(UTC))
    player = get_player_score(store, board=services().board, user_id=user_id)
    return {**describe_account(account, player), **export_holdings(store, user_id=user_id)}


def _list_live(
    user_id: UUID, before_no: int | None, limit: int
) -> tuple[list[dict[str, Any]], str]:
    records, next_no = list_actions(
        services().store, user_id=user_id, before_no=before_no, limit=limit
    )
    next_cursor = _ARCHIVES if next_no is None else write_cursor(next_no)
    return [describe_record(record) for record in records], next_cursor


def _list_archived(
    user_id: UUID, start: ArchivePlace | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    if not _archive_readers.acquire(blocking=False):
        raise OverloadedError
    try:
        rows, place = list_archived_actions(
            services().store,
            folder=services().settings.archive_path,
            user_id=user_id,
            start=start,
            limit=limit,
        )
    finally:
        _archive_readers.release()
    next_cursor = None if place is None else write_archive_cursor(place.partition, place.before_no)
    return [_describe_archived(row) for row in rows], next_cursor


def _read_place(cursor: str) -> ArchivePlace | None:
    """Return where an archived page begins, None for the first; raises InvalidPayloadError."""
    if cursor == _ARCHIVES:
        return None
    place = parse_archive_cursor(cursor)
    if place is None:
        raise InvalidPayloadError(details={"fields": {"cursor": ["Not a cursor of an export."]}})
    return ArchivePlace(*place)


def _describe_archived(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an archived action, as those of a live one."""
    fields = {
        "actionId": row["action_id"],
        "status": row["status"],
        "score": row["score_delta"],
        "timestamp": _read_time(row["timestamp"]),
        "metadata": row["metadata"],
        "newScore": row["new_score"],
        "previousScore": row["previous_score"],
        "reason": row["reason"],
        "acceptedAt": _read_time(row["created_at"]),
        "completedAt": _read_time(row["completed_at"]),
    }
    boards = row.get("uncounted")
    return {**fields, "boards": boards} if boards else fields


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
