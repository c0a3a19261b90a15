"""The words of a leaderboard: a standing, and the top of the board at one position of the bus."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

TOP_SIZE = 100


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
