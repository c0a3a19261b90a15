"""Play sessions: opening and ending one."""

from flask import Response, request

from domain.clients.play_sessions import end_play_session, open_play_session
from web.http.json_body import read_optional_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.schemas.base import load
from web.schemas.play_sessions import OwnPlaySessionSchema, PlaySessionSchema
from web.schemas.queries import read_path_uuid
from web.services import services

_own = OwnPlaySessionSchema()
_of_a_player = PlaySessionSchema()


def open_one() -> Response:
    """Open a play session of the caller; a game server may name the player."""
    holder, used = principal(), services()
    body = read_optional_json_object(request.environ)
    user_id = load(_of_a_player if holder.is_service else _own, body).get("user_id", holder.user_id)
    client = used.clients.find(request.environ, holder)
    opened = open_play_session(
        used.store,
        user_id=user_id,
        username=holder.username if user_id == holder.user_id else None,
        client=client.facts if client else None,
        lifetime_seconds=used.settings.play_session_seconds,
    )
    return json_response(
        {
            "sessionId": opened.session_id,
            "startedAt": opened.started_at,
            "expiresAt": opened.expires_at,
        },
        201,
    )


def end(session_id: str) -> Response:
    """End a play session of the caller; a game server may end any player's."""
    holder = principal()
    end_play_session(
        services().store,
        session_id=read_path_uuid("sessionId", session_id),
        user_id=None if holder.is_service else holder.user_id,
    )
    return Response(status=204)
