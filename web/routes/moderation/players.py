"""Players as moderators see them: found by name, one with all that is known, and snoozes."""

from datetime import UTC, datetime

from flask import Response, request

from domain.moderation.searching import get_player, search_players
from domain.moderation.snoozing import end_snooze, snooze_check
from web.http.json_body import read_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.routes.moderation.describing import (
    describe_act,
    describe_appeal,
    describe_client,
    describe_player,
)
from web.schemas.base import load
from web.schemas.cursors import write_name_cursor
from web.schemas.moderation.bodies import NamesQuery, SnoozeBodySchema
from web.schemas.queries import load_query, read_path_uuid
from web.services import services

_query = NamesQuery()
_snooze = SnoozeBodySchema()


def search() -> Response:
    """Find players by how their name begins, and one whose name looks like it."""
    query = load_query(_query, request.args)
    page, after = search_players(
        services().store, name=query["name"], after=query["cursor"], limit=query["limit"]
    )
    return json_response(
        {
            "users": [describe_player(player) for player in page],
            "nextCursor": None if after is None else write_name_cursor(after),
        }
    )


def show(user_id: str) -> Response:
    """Return what is known of a player: the last actions, acts, appeals and clients."""
    wanted = read_path_uuid("userId", user_id)
    found = get_player(services().store, user_id=wanted, now=datetime.now(UTC))
    return json_response(
        {
            **describe_player(found.player),
            "snoozes": found.snoozes,
            "actions": [
                {
                    "actionId": action.action_id,
                    "status": action.status,
                    "reason": action.reason,
                    "score": action.score_delta,
                    "acceptedAt": action.created_at,
                    "completedAt": action.completed_at,
                }
                for action in found.actions
            ],
            "acts": [describe_act(act) for act in found.acts],
            "appeals": [describe_appeal(appeal) for appeal in found.appeals],
            "clients": [describe_client(client) for client in found.clients],
        }
    )


def snooze(user_id: str) -> Response:
    """Let one check not count for a player until a time."""
    wanted = read_path_uuid("userId", user_id)
    body = load(_snooze, read_json_object(request.environ))
    snooze_check(
        services().store,
        user_id=wanted,
        check=body["check"],
        until=body["until"],
        by=str(principal().user_id),
        reason=body["reason"],
    )
    return json_response({"userId": wanted, "check": body["check"], "until": body["until"]})


def unsnooze(user_id: str, check: str) -> Response:
    """Let a check count again for a player."""
    wanted = read_path_uuid("userId", user_id)
    end_snooze(services().store, user_id=wanted, check=check, by=str(principal().user_id))
    return Response(status=204)
