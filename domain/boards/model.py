"""The words of a leaderboard: its id, a standing, and its top at one position of the bus."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

TOP_SIZE = 100
MAX_REACHED_SEQ = 2**63 - 1

_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


def is_slug(text: str) -> bool:
    """Return whether the text has 1 to 32 lower-case ASCII letters, digits and inner hyphens."""
    return _SLUG.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class BoardId:
    """The identity of one board; it is part of the board's Redis keys, channel and messages.

    `slug` has 1 to 32 lower-case ASCII letters, digits and inner hyphens: nothing that separates
    the parts of a key and nothing that JSON escapes. Raises ValueError for any other text.
    """

    slug: str

    def __post_init__(self) -> None:
        if not is_slug(self.slug):
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
    # Where the row stands among equal scores; known of the rows of a top or a page.
    reached_seq: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of a board, whether or not anyone stands there now."""

    score: int
    reached_seq: int
    user_id: UUID


@dataclass(frozen=True, slots=True)
class Page:
    """Standings from some rank on, and how many users are on the board."""

    standings: tuple[Standing, ...]
    total_users: int


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


@dataclass(frozen=True, slots=True)
class AroundAsked:
    """Who asks for the rows around itself, how many on either side, and what it knows of them.

    `mark` is that of the rows that it was given last; "" for none.
    """

    user_id: UUID
    neighbors: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What a player holds: a rank and the score that it is for; `rank` is None off the board."""

    rank: int | None
    score: int


@dataclass(frozen=True, slots=True)
class BoardState:
    """A board at one moment: its top, and the ranks and scores of the users who were asked for.

    Users who are not on the board are absent from `ranks` and `scores`.
    """

    top: Top
    ranks: Mapping[UUID, int]
    scores: Mapping[UUID, int]


def to_milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since 1970, the precision of times on a board."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the moment that many milliseconds after 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
