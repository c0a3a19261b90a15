"""Boards as admins see them, in answers and on the command line, and their ETags."""

import re
from typing import Any

from domain.errors import PreconditionRequiredError
from domain.rankings.definition_json import encode_definition
from domain.store.postgres.rankings.stored_boards import StoredBoard

_TAG = re.compile(r'"([0-9]{1,18})"', re.ASCII)


def describe_board(stored: StoredBoard) -> dict[str, Any]:
    """Return the board as JSON, by the version that is read.

    Of one that this program does not understand only the id is told, and in `error` why.
    """
    building, shown, unread = stored.building, stored.readable, stored.unread
    return {
        "board": encode_definition(shown.definition) if shown else {"id": stored.board.slug},
        "state": stored.state,
        "version": unread.version if unread and not shown else stored.shown.version,
        "error": unread and unread.error,
        "etag": write_etag(stored),
        "building": None
        if building is None
        else {
            "version": building.version,
            "progress": round(stored.progress, 4),
            "error": stored.build_error,
        },
        "createdAt": stored.created_at,
        "updatedAt": stored.updated_at,
    }


def write_etag(stored: StoredBoard) -> str:
    """Return what changes with every change of the board."""
    return f'"{stored.revision}"'


def read_if_match(header: str | None) -> frozenset[int] | None:
    """Return the revisions that the header allows, None for any.

    Tags that are not ours match nothing. Raises PreconditionRequiredError without a header.
    """
    if header is None:
        raise PreconditionRequiredError
    if header.strip() == "*":
        return None
    tags = (_TAG.fullmatch(tag.strip()) for tag in header.split(","))
    return frozenset(int(tag[1]) for tag in tags if tag)
