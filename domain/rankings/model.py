"""The words of rankings: a period, what a player has in one, and a row of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from domain.rankings.definition import BoardDefinition

MAX_VALUE = 2**53 - 1
"""Values and columns are between this and its negative, decimals included: exact in JSON."""


class Period(NamedTuple):
    """One period of a board: its key in URLs, and its bounds, the end excluded.

    The bounds are None for a board without periods; a rolling board's period has none either.
    """

    key: str
    start: datetime | None = None
    end: datetime | None = None


class VersionState(StrEnum):
    """Where a version of a board is."""

    BUILDING = "building"
    """Counted beside the live one, and not to be read yet."""
    LIVE = "live"
    RETIRED = "retired"


class Lifecycle(StrEnum):
    """Whether a board is still there."""

    ACTIVE = "active"
    """It has a live version, or the first one is being built."""
    ARCHIVED = "archived"
    """It does not count any more; its sealed periods stay, for admins."""
    DELETING = "deleting"
    """Its rows are being removed, and it with the last of them."""


@dataclass(frozen=True, slots=True)
class BoardVersion:
    """One version of a board's definition; `number` is unique over all boards."""

    number: int
    version: int
    definition: BoardDefinition
    state: VersionState


class Reason(StrEnum):
    """Why an action that a board is for does not count there."""

    VALUE_MISSING = "VALUE_MISSING"
    VALUE_INVALID = "VALUE_INVALID"
    """It is no number, or out of range."""
    SEGMENT_MISSING = "SEGMENT_MISSING"
    SEGMENT_LIMIT = "SEGMENT_LIMIT"
    """Its segment has no ranking, and the period has as many as there may be."""
    NOT_JOINED = "NOT_JOINED"
    NO_ATTEMPTS_LEFT = "NO_ATTEMPTS_LEFT"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    """It would move the total out of range."""


class CountedAction(NamedTuple):
    """An applied action: `metadata` is JSON text, `accepted_at` its intake time."""

    action_no: int
    user_id: str
    action_type: str | None
    score: int
    metadata: str | None
    accepted_at: datetime


class AttributeChange(NamedTuple):
    """An attribute has this value from a moment on; None: it was removed then."""

    at: datetime
    value: str | None


class PlayerFacts(NamedTuple):
    """What boards need of a player: attributes, and when the player joined a board (by slug).

    `history` has the changes of attributes, the earliest first; see `belonging.py`.
    """

    attributes: Mapping[str, str]
    joined: Mapping[str, datetime]
    history: Mapping[str, Sequence[AttributeChange]] = MappingProxyType({})


class Tally(NamedTuple):
    """What some actions of one player are worth on one board; merging two does not mind the order.

    `value` and `columns` are scaled integers. `reached_seq` is the number of the action that
    decided the value: the one kept by `best` and `latest`; with `count` the last one; with `sum`
    the last one that changed it (`is_moved`), or the first while none did. `attempts` are the
    actions that count, as (number, value, columns), on a board that limits them; else None.
    """

    value: int
    columns: tuple[int, ...]
    reached_seq: int
    is_moved: bool
    counted: int
    attempts: tuple[tuple[Any, ...], ...] | None = None


class Contribution(NamedTuple):
    """Where an action counts, and what for."""

    period: Period
    segment: str
    tally: Tally


class RankingKey(NamedTuple):
    """One ordered list: of a board's version, in a period, of a segment ("" when not split)."""

    version_no: int
    period_key: str
    segment: str


class RankingRow(NamedTuple):
    """A player's row of a ranking; `sort_key` orders the ranking, the user id breaks its ties."""

    ranking_no: int
    user_id: UUID
    tally: Tally
    sort_key: bytes
    version: int
    last_updated: datetime
