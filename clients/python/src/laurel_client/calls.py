"""The calls of the API beside those of actions: accounts, boards, players; without any I/O."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from laurel_client import models
from laurel_client.exchange import Call, Request, Response, Retries, expect_ok
from laurel_client.session import Session, Tokens

Model = TypeVar("Model", bound=BaseModel)


def authenticate(
    session: Session, path: str, body: Mapping[str, str], retries: Retries
) -> Call[Tokens]:
    """Register, log in or look on; the session has the tokens then. Raises ApiError."""
    # A registration that is sent twice says that the name is taken.
    request = Request(
        method="POST", path=path, json=dict(body) or None, needs_token=False, is_repeatable=False
    )
    return session.take(expect_ok((yield from session.call(request, retries))))


def log_out(session: Session, retries: Retries) -> Call[None]:
    """End the session, everywhere. Raises ApiError."""
    request = Request(method="POST", path="/api/auth/logout")
    expect_ok((yield from session.call(request, retries)))
    session.tokens = None


def read(
    session: Session,
    model: type[Model],
    path: str,
    retries: Retries,
    params: Mapping[str, Any] | None = None,
) -> Call[Model]:
    """Return what is at this path. Raises ApiError and UnreachableError."""
    given = {name: value for name, value in (params or {}).items() if value is not None}
    request = Request(method="GET", path=path, params=given)
    return model.model_validate(expect_ok((yield from session.call(request, retries))))


def write(
    session: Session, method: str, path: str, retries: Retries, body: Any = None
) -> Call[Response]:
    """Send what may be sent twice. Raises ApiError and UnreachableError."""
    request = Request(method=method, path=path, json=body)
    response = yield from session.call(request, retries)
    expect_ok(response)
    return response


def get_ticket(session: Session, retries: Retries) -> Call[models.Ticket]:
    """Return a ticket for a live connection. Raises ApiError and UnreachableError."""
    response = yield from write(session, "POST", "/api/realtime/ticket", retries)
    return models.Ticket.model_validate(response.body)


def board_path(board: str, rest: str = "") -> str:
    """Return the path of a board, or of something below it."""
    return f"/api/boards/{quote(board, safe='')}{rest}"


def player_path(user_id: object, rest: str) -> str:
    """Return the path of something of a player."""
    return f"/api/users/{quote(str(user_id), safe='')}{rest}"
