"""The names of channels: the leaderboard's, one's own, and those of the boards that are data."""

from typing import Any
from uuid import UUID

from domain.boards.model import GLOBAL_BOARD, BoardId, is_slug
from domain.errors import ForbiddenError, InvalidPayloadError, NotFoundError

LEADERBOARD = "leaderboard"
OWN_CHANNEL = "user:self"

_AROUND = "around"
_SELF = "self"
AROUND_SELF = f"{_AROUND}:{_SELF}"


def parse_channel(value: Any, user_id: UUID) -> str:
    """Return the name by which the channel goes in answers to this user.

    Raises InvalidPayloadError, NotFoundError, and ForbiddenError for another user's channel.
    """
    if not isinstance(value, str):
        raise InvalidPayloadError("`channel` is the name of a channel")
    if value == LEADERBOARD:
        return value
    match value.split(":"):
        case ["user", whose, *more]:
            _check_own(":".join((whose, *more)), user_id)
            return OWN_CHANNEL
        case ["leaderboard", slug] if is_slug(slug):
            return LEADERBOARD if slug == GLOBAL_BOARD.slug else value
        case ["around", whose] if whose == _SELF or _is_user(whose):
            _check_own(whose, user_id)
            return AROUND_SELF
        case ["around", slug, whose] if is_slug(slug):
            _check_own(whose, user_id)
            is_global = slug == GLOBAL_BOARD.slug
            return AROUND_SELF if is_global else f"{_AROUND}:{slug}:{_SELF}"
    raise NotFoundError("There is no such channel")


def board_of(channel: str) -> BoardId | None:
    """Return the board of a channel with a parsed name; None for those of the global board."""
    if channel in (LEADERBOARD, OWN_CHANNEL, AROUND_SELF):
        return None
    return BoardId(channel.split(":")[1])


def is_around(channel: str) -> bool:
    """Return whether the channel with this parsed name shows the rows around its user."""
    return channel.startswith(f"{_AROUND}:")


def top_channel(board: BoardId) -> str:
    """Return the name of the channel that has the board's first rows."""
    return f"{LEADERBOARD}:{board}"


def around_channel(board: BoardId) -> str:
    """Return the name of the channel that has the rows around its user."""
    return f"{_AROUND}:{board}:{_SELF}"


def _is_user(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _check_own(whose: str, user_id: UUID) -> None:
    if whose not in (_SELF, str(user_id)):
        raise ForbiddenError("Another user's channel is private")
