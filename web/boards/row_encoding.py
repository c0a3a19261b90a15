"""The leaderboard's answers, encoded once for each state of the board and each limit.

Called by `web/routes/leaderboard.py` for every read; between two changes of the board the bytes
and their ETag are the same.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from domain.boards.model import Standing, Top
from web.http.responses import dump_json


@dataclass(frozen=True, slots=True)
class TopPage:
    """One answer: its bytes and the tag of exactly these bytes."""

    body: bytes
    etag: str


class TopPages:
    """Remembers the pages of the latest top."""

    def __init__(self) -> None:
        # One attribute, so that a reader never sees one top with another's pages.
        self._latest: tuple[Top | None, dict[int, TopPage]] = (None, {})

    def get_page(self, top: Top, limit: int) -> TopPage:
        """Return the first `limit` standings of this top as an answer."""
        latest, pages = self._latest
        if latest is not top:
            pages = {}
            self._latest = (top, pages)
        page = pages.get(limit)
        if page is None:
            page = pages[limit] = _make_page(top, limit)
        return page


def describe_top(top: Top, limit: int) -> dict[str, Any]:
    """Return the specification's body for the first `limit` standings."""
    return {
        "leaderboard": [describe_standing(standing) for standing in top.standings[:limit]],
        "totalUsers": top.total_users,
        "lastUpdated": max((standing.last_update for standing in top.standings), default=None),
    }


def describe_standing(standing: Standing) -> dict[str, Any]:
    """Return one row of the leaderboard."""
    return {
        "rank": standing.rank,
        "userId": standing.user_id,
        "username": standing.username,
        "score": standing.score,
        "lastUpdate": standing.last_update,
    }


def _make_page(top: Top, limit: int) -> TopPage:
    body = dump_json(describe_top(top, limit))
    return TopPage(body, f'"{blake2b(body, digest_size=12).hexdigest()}"')
