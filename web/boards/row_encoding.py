"""The leaderboard's answers as JSON, encoded once for each state of the board and each limit.

Called by `web/routes/leaderboard.py` for every read, and by the live process for rows. Between two
changes of the board the bytes and their ETag stay the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.boards.model import Standing, Top
from web.boards.cursors import write_board_cursor
from web.http.entity_tags import write_etag
from web.http.responses import dump_json


@dataclass(frozen=True, slots=True)
class EncodedTop:
    """One answer: its bytes, and an ETag of exactly these bytes."""

    body: bytes
    etag: str


class TopEncoder:
    """Encodes tops, and keeps the answers made of the latest one. Thread-safe."""

    def __init__(self) -> None:
        # One attribute, so that a reader never sees one top with another's answers.
        self._latest: tuple[Top | None, dict[int, EncodedTop]] = (None, {})

    def encode(self, top: Top, limit: int) -> EncodedTop:
        """Return the first `limit` standings of this top as an answer."""
        latest, by_limit = self._latest
        if latest is not top:
            by_limit = {}
            self._latest = (top, by_limit)
        encoded = by_limit.get(limit)
        if encoded is None:
            encoded = by_limit[limit] = _encode(top, limit)
        return encoded


def top_fields(top: Top, limit: int) -> dict[str, Any]:
    """Return the specification's body for the first `limit` standings, as JSON fields."""
    return {
        "leaderboard": [standing_fields(standing) for standing in top.standings[:limit]],
        "totalUsers": top.total_users,
        "lastUpdated": max((standing.last_update for standing in top.standings), default=None),
    }


def page_fields(standings: Sequence[Standing], total_users: int) -> dict[str, Any]:
    """Return one page of the board and the cursor of the next, as JSON fields."""
    return {
        "leaderboard": [standing_fields(standing) for standing in standings],
        "totalUsers": total_users,
        "lastUpdated": max((standing.last_update for standing in standings), default=None),
        "nextCursor": _next_cursor(standings, total_users),
    }


def standing_fields(standing: Standing) -> dict[str, Any]:
    """Return one row of the leaderboard, as JSON fields."""
    return {
        "rank": standing.rank,
        "userId": standing.user_id,
        "username": standing.username,
        "score": standing.score,
        "lastUpdate": standing.last_update,
    }


def _next_cursor(standings: Sequence[Standing], total_users: int) -> str | None:
    return write_board_cursor(standings[-1], total_users=total_users) if standings else None


def _encode(top: Top, limit: int) -> EncodedTop:
    next_cursor = _next_cursor(top.standings[:limit], top.total_users)
    body = dump_json({**top_fields(top, limit), "nextCursor": next_cursor})
    return EncodedTop(body, write_etag(body))
