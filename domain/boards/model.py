"""The words of a leaderboard: its id, a standing, and its top at one position of the bus."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

TOP_SIZE = 100

_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class BoardId:
    """The identity of one board; it is part of the board's Redis keys, channel and messages.

    `slug` has 1 to 32 lower-case ASCII letters, digits and inner hyphens: nothing that separates
    the parts of a key and nothing that JSON escapes. Raises ValueError for any other text.
    """

    slug: str

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.slug):
            raise ValueError(f"not the slug of a board: {self.slug!r}")

    def __str__(self) -> str:
        return self.slug


# The board of every player and every applied action; SQL has the rows of no other one.
GLOBAL_BOARD = BoardId("global")


@dataclass(frozen=True, slots=True)
class Standing:
    """One user's row on a board: rank from 1, unique; the first to reach a score ranks higher."""

    rank: int
    user_id: UUID
    username: str
    score: int
    last_update: datetime


@dataclass(frozen=True, slots=True)
class Top:
    """The first TOP_SIZE standings of a board, and the bus position at which they were read.

    The position is (`epoch`, `seq`); a top that was read from SQL has none: "" and 0.
    """

    board: BoardId
    epoch: str
    seq: int
    total_users: int
    standings: tuple[Standing, ...]
    read_at: datetime


def to_milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since 1970, the precision of times on a board."""
    return (moment - _EPOCH) // _MILLISECOND


def parse_top(wire: dict[str, Any], *, first_rank: int = 1) -> Top:
    """Return a top out of the form in which the scripts of `store/redis/scripts/` write it.

    `top` holds `[userId, score, updatedMs, username]` in order of rank, from `first_rank` on.
    """
    return Top(
        board=BoardId(wire["board"]),
        epoch=wire["epoch"],
        seq=wire["seq"],
        total_users=wire["total"],
        standings=tuple(
            Standing(
                rank=rank,
                user_id=UUID(user_id),
                username=username,
                score=score,
                last_update=datetime.fromtimestamp(updated_ms / 1000, UTC),
            )
            for rank, (user_id, score, updated_ms, username) in enumerate(
                wire["top"], start=first_rank
            )
        ),
        read_at=datetime.fromisoformat(wire["at"]),
    )
