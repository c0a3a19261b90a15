"""The words of a leaderboard: a standing, and the top of the board at one position of the bus."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NewType
from uuid import UUID

BoardId = NewType("BoardId", str)
GLOBAL_BOARD = BoardId("global")
TOP_SIZE = 100

_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """One user's place: rank from 1, unique; ties are broken by who reached the score first."""

    rank: int
    user_id: UUID
    username: str
    score: int
    last_update: datetime


@dataclass(frozen=True, slots=True)
class Top:
    """The first TOP_SIZE standings, and the bus position (epoch, seq) at which they were read.

    Read from SQL while Redis is away, `epoch` is empty and `seq` 0.
    """

    epoch: str
    seq: int
    total_users: int
    standings: tuple[Standing, ...]
    read_at: datetime


def to_milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since 1970, as the board keeps times."""
    return (moment - _EPOCH) // _MILLISECOND


def parse_top(wire: dict[str, Any], *, first_rank: int = 1) -> Top:
    """Return a top out of the form in which the scripts of `store/redis/scripts/` write it.

    `top` holds `[userId, score, updatedMs, username]` in order of rank, from `first_rank` on.
    """
    return Top(
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
