"""The caller's own account: its name and password, the export, its rewards, and its end."""

from datetime import UTC, datetime, timedelta

from flask import Response, request

from domain.accounts.changes import AccountChange, change_account, delete_account
from domain.accounts.exporting import export_account
from domain.actions.history import list_actions
from domain.boards.players import get_player_score
from domain.rankings.closing.rewarding import list_rewards
from web.http.json_body import read_json_object, read_optional_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.intake.answers import describe_record
from web.routes.in_turn import run_as_owner
from web.routes.own.describing import describe_account, describe_reward
from web.schemas.accounts import AccountChangeSchema, AccountDeletionSchema
from web.schemas.base import load
from web.schemas.cursors import write_cursor
from web.schemas.queries import ExportQuery, HistoryQuery, load_query
from web.server.greenlets import run_in_thread
from web.services import services

_change = AccountChangeSchema()
_deletion = AccountDeletionSchema()
_export_query = ExportQuery()
_rewards_query = HistoryQuery()


def change() -> Response:
    """Change the caller's name, password or attributes."""
    body = load(_change, read_json_object(request.environ))
    now = datetime.now(UTC)

    def change_it() -> Response:
        name = change_account(
            services().store,
            services().passwords,
            board=services().board,
            user_id=principal().user_id,
            change=AccountChange(
                body.get("username"), body.get("password"), body.get("attributes")
            ),
            current_password=body.get("current_password"),
            session_id=principal().session_id,
            until=_last_expiry(now),
            now=now,
        )
        services().verifier.look_now()
        return json_response({"userId": principal().user_id, "username": name})

    if body.keys() <= {"attributes"}:
        return run_in_thread(change_it)
    return run_as_owner(change_it)


def delete() -> Response:
    """Delete the caller's account; the scores stay under a pseudonym."""
    body = load(_deletion, read_optional_json_object(request.environ))
    now = datetime.now(UTC)

    def delete_it() -> Response:
        delete_account(
            services().store,
            services().passwords,
            board=services().board,
            user_id=principal().user_id,
            current_password=body.get("current_password"),
            until=_last_expiry(now),
            now=now,
        )
        services().verifier.look_now()
        return Response(status=204)

    return run_as_owner(delete_it)


def export() -> Response:
    """Export what is stored of the caller, the actions page by page."""
    query = load_query(_export_query, request.args)
    store, board, user_id = services().store, services().board, principal().user_id
    account = export_account(store, user_id=user_id, now=datetime.now(UTC))
    player = get_player_score(store, board=board, user_id=user_id)
    records, next_no = list_actions(
        store, user_id=user_id, before_no=query["cursor"], limit=query["limit"]
    )
    return json_response(
        {
            **describe_account(account, player),
            "actions": [describe_record(record) for record in records],
            "nextCursor": None if next_no is None else write_cursor(next_no),
        }
    )


def rewards() -> Response:
    """Return what the caller was granted when periods closed, the last one first."""
    query = load_query(_rewards_query, request.args)
    granted, next_no = list_rewards(
        services().store,
        user_id=principal().user_id,
        before_no=query["cursor"],
        limit=query["limit"],
    )
    return json_response(
        {
            "rewards": [describe_reward(reward) for reward in granted],
            "nextCursor": None if next_no is None else write_cursor(next_no),
        }
    )


def _last_expiry(now: datetime) -> datetime:
    """Return when the newest access token that may exist has expired."""
    settings = services().settings
    return now + timedelta(seconds=settings.jwt_expiration + settings.jwt_leeway_seconds)
