"""Accounts: registering, logging in, looking on without one, a new access token, logging out."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from flask import Response, request

from domain.accounts.identity import check_password, login_name, register_player
from domain.accounts.sessions import (
    Session,
    end_session,
    open_session,
    refresh_session,
    revoke_token,
)
from domain.errors import ForbiddenError
from domain.store.postgres.accounts.identities import Identity
from web.http.caller import ROLE_SPECTATOR
from web.http.json_body import read_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.routes.in_turn import LOOPBACK, find_caller_address, run_in_turn
from web.schemas.accounts import LoginSchema, RefreshSchema, RegistrationSchema
from web.schemas.base import load
from web.services import services

_registration = RegistrationSchema()
_login = LoginSchema()
_refresh = RefreshSchema()


def register() -> Response:
    """Register a new player and log in."""
    body = load(_registration, read_json_object(request.environ))

    def register_and_log_in() -> Response:
        now = datetime.now(UTC)
        identity = register_player(services().store, services().passwords, now=now, **body)
        return _answer_new_session(identity, now, status=201)

    return run_in_turn(find_caller_address(), login_name(body["username"]), register_and_log_in)


def login() -> Response:
    """Log in with a username and a password."""
    body = load(_login, read_json_object(request.environ))
    address, name = find_caller_address(), login_name(body["username"])
    services().limits.hit_login(address, name)

    def check_and_log_in() -> Response:
        identity = check_password(services().store, services().passwords, **body)
        return _answer_new_session(identity, datetime.now(UTC), status=200)

    return run_in_turn(address, name, check_and_log_in)


def refresh() -> Response:
    """Get a new access token, and the next refresh token, for a refresh token."""
    body = load(_refresh, read_json_object(request.environ))
    now = datetime.now(UTC)
    session = refresh_session(
        services().store, refresh_token=body["refresh_token"], now=now, until=_last_end(now)
    )
    return json_response(
        {
            "accessToken": _issue(session),
            "refreshToken": session.refresh_token,
            "expiresIn": services().settings.jwt_expiration,
        }
    )


def spectate() -> Response:
    """Get a token that may look at boards and players, live too, without an account."""
    settings, address = services().settings, find_caller_address()
    if not settings.spectators:
        raise ForbiddenError("This server has no spectators: register or log in")
    if address != LOOPBACK:
        services().limits.hit_spectator(address)
    token = services().verifier.codec.issue(user_id=uuid4(), username=None, roles=(ROLE_SPECTATOR,))
    return json_response({"accessToken": token, "expiresIn": settings.jwt_expiration}, 201)


def logout() -> Response:
    """End the session of this token, or the token alone when it has no session; no API key."""
    holder = principal()
    if holder.is_api_key:
        raise ForbiddenError("An operator revokes API keys")
    if holder.session_id is not None:
        until = _last_end(datetime.now(UTC))
        end_session(services().store, session_id=holder.session_id, until=until)
    else:
        leeway = timedelta(seconds=services().settings.jwt_leeway_seconds)
        revoke_token(services().store, jti=holder.jti, until=holder.expires_at + leeway)
    services().verifier.look_now()
    return Response(status=204)


def _answer_new_session(identity: Identity, now: datetime, *, status: int) -> Response:
    settings = services().settings
    session = open_session(
        services().store,
        identity=identity,
        now=now,
        lifetime_seconds=settings.jwt_refresh_expiration,
    )
    return json_response(
        {
            "userId": session.user_id,
            "username": session.username,
            "accessToken": _issue(session),
            "refreshToken": session.refresh_token,
            "expiresIn": settings.jwt_expiration,
        },
        status,
    )


def _last_end(now: datetime) -> datetime:
    """Return until when an access token that exists now may be accepted."""
    settings = services().settings
    return now + timedelta(seconds=settings.jwt_expiration + settings.jwt_leeway_seconds)


def _issue(session: Session) -> str:
    return services().verifier.codec.issue(
        user_id=session.user_id,
        username=session.username,
        roles=session.roles,
        session_id=session.session_id,
        opened_at=session.opened_at,
    )
