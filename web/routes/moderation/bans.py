"""Bans: a player is taken off every board and signed out, until the ban ends."""

from datetime import UTC, datetime

from flask import Response, request

from domain.moderation.banning import ban_user
from domain.moderation.model import BanReason
from domain.moderation.unbanning import end_ban
from web.http.json_body import read_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.schemas.base import load
from web.schemas.moderation.bodies import BanBodySchema, ReasonBodySchema
from web.schemas.queries import read_path_uuid
from web.services import services

_ban = BanBodySchema()
_end = ReasonBodySchema()


def ban(user_id: str) -> Response:
    """Ban a player until a time or for good, or change the ban that runs."""
    wanted = read_path_uuid("userId", user_id)
    body = load(_ban, read_json_object(request.environ))
    made = ban_user(
        services().store,
        user_id=wanted,
        until=body["until"],
        reason=BanReason(body["reason"]),
        note=body["note"],
        by=str(principal().user_id),
        now=datetime.now(UTC),
    )
    return json_response(
        {
            "userId": wanted,
            "reason": made.reason,
            "from": made.from_at,
            "until": made.until_at,
        }
    )


def unban(user_id: str) -> Response:
    """End a player's ban: every board is as if it had not been."""
    wanted = read_path_uuid("userId", user_id)
    body = load(_end, read_json_object(request.environ))
    end_ban(
        services().store,
        user_id=wanted,
        reason=body["reason"],
        by=str(principal().user_id),
        archive_path=services().settings.archive_path,
        now=datetime.now(UTC),
    )
    return Response(status=204)
