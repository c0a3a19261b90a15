"""The definition of a board: which actions count, for how much, in which order, for how long.

Data, not code: made at run time and stored as JSON, see `definition_json.py`. A definition that
exists is valid.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.boards.model import GLOBAL_BOARD, BoardId

UTC = ZoneInfo("UTC")


class Aggregate(StrEnum):
    """What becomes of the values of a player's actions."""

    SUM = "sum"
    BEST = "best"
    LATEST = "latest"
    COUNT = "count"


class Direction(StrEnum):
    """Whether the largest value comes first, or the smallest."""

    DESC = "desc"
    ASC = "asc"


class TieRule(StrEnum):
    """What rank players have whose values and tie-breakers are equal."""

    FIRST_TO_REACH = "firstToReach"
    """1 2 3 4: who reached the value first is ahead."""
    COMPETITION = "competition"
    """1 2 2 4."""
    DENSE = "dense"
    """1 2 2 3."""


class PeriodKind(StrEnum):
    """When a board begins anew."""

    NONE = "none"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    SEASON = "season"
    """Once, from a start to an end."""
    ROLLING = "rolling"
    """Never: actions leave it one bucket of time after the other."""


class Readers(StrEnum):
    """Who may read a board."""

    EVERYONE = "everyone"
    PLAYERS = "players"
    ADMINS = "admins"


class ValueSource(NamedTuple):
    """Where a number comes from: `score`, `1`, or `metadata.` and the names down to it."""

    text: str

    @property
    def path(self) -> tuple[str, ...] | None:
        """The names in the metadata; None for the score and the constant."""
        head, _, rest = self.text.partition(".")
        return tuple(rest.split(".")) if head == "metadata" else None


SCORE_VALUE = ValueSource("score")
ONE_VALUE = ValueSource("1")


class Condition(NamedTuple):
    """What an action's metadata must have at a path for the action to count.

    Exactly one of: `equals` a text, number or boolean; `minimum` and `maximum`, both included, one
    may be None; `present`. They are told apart by `kind`: "equals", "range", "present".
    """

    path: tuple[str, ...]
    kind: str
    equals: str | int | float | bool | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    present: bool = True


class TieBreaker(NamedTuple):
    """A column that orders players with equal values; with `sum` and `count` it is summed."""

    value: ValueSource
    direction: Direction


@dataclass(frozen=True, slots=True)
class PeriodRule:
    """When a board begins anew.

    `starts_on` is the first day of a week (0 is Monday); `start` and `end` bound a season, the end
    excluded; `window` is that of a rolling board.
    """

    kind: PeriodKind = PeriodKind.NONE
    starts_on: int = 0
    start: datetime | None = None
    end: datetime | None = None
    window: timedelta | None = None


class Segment(NamedTuple):
    """What splits a board: a path in the metadata, or a player's attribute of this name."""

    path: tuple[str, ...] | None = None
    attribute: str | None = None


class Multiplier(NamedTuple):
    """A factor for the values of actions of a type (None: of any) in a span of time."""

    start: datetime
    end: datetime
    action_type: str | None
    factor: Decimal


class Reward(NamedTuple):
    """What players of these ranks (both included) or of this best percentage are granted."""

    reward: str
    ranks: tuple[int, int] | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class BoardDefinition:
    """Everything that decides a board; see `docs/boards.md` for each field.

    `action_types` empty: of any type. Values are stored as integers, multiplied by ten to the power
    of `decimals`. `keep_periods` closed periods stay readable.
    """

    id: BoardId
    title: str = ""
    action_types: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    value: ValueSource = SCORE_VALUE
    aggregate: Aggregate = Aggregate.SUM
    direction: Direction = Direction.DESC
    tie_breakers: tuple[TieBreaker, ...] = ()
    ties: TieRule = TieRule.FIRST_TO_REACH
    decimals: int = 0
    period: PeriodRule = PeriodRule()
    time_zone: ZoneInfo = UTC
    segment: Segment | None = None
    join_required: bool = False
    attempts: int | None = None
    multipliers: tuple[Multiplier, ...] = ()
    rewards: tuple[Reward, ...] = ()
    readers: Readers = Readers.EVERYONE
    keep_periods: int = 12
    signs: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """For the value and each column -1 when the largest comes first, else 1."""

    def __post_init__(self) -> None:
        """Work out what every comparison needs."""
        directions = (self.direction, *(column.direction for column in self.tie_breakers))
        signs = tuple(-1 if direction is Direction.DESC else 1 for direction in directions)
        object.__setattr__(self, "signs", signs)

    @property
    def reads_metadata(self) -> bool:
        """Whether an action's metadata decides anything here."""
        return bool(self.metadata_paths)

    @property
    def metadata_paths(self) -> frozenset[tuple[str, ...]]:
        """Where in an action's metadata something decides."""
        sources = (self.value, *(column.value for column in self.tie_breakers))
        paths = [*(condition.path for condition in self.where), *(each.path for each in sources)]
        if self.segment is not None:
            paths.append(self.segment.path)
        return frozenset(path for path in paths if path)

    @property
    def is_split_by_metadata(self) -> bool:
        """Whether what players send decides the segment."""
        return self.segment is not None and self.segment.path is not None

    @property
    def reads_attributes(self) -> bool:
        """Whether a player's attributes decide the segment."""
        return self.segment is not None and self.segment.attribute is not None


GLOBAL_DEFINITION = BoardDefinition(GLOBAL_BOARD, title="Leaderboard", readers=Readers.PLAYERS)
"""The board of every player and every action, as it is shown beside the others; it is fixed."""
