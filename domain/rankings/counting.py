"""Which actions count on a board, where and for how much: a version made into a rule.

Pure, and called for every action and board; what it decides is in `docs/boards.md`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, reduce
from json import loads
from typing import Any, NamedTuple

import orjson

from domain.rankings.belonging import find_value
from domain.rankings.conditions import make_condition
from domain.rankings.definition import Aggregate, BoardDefinition, Multiplier, Segment
from domain.rankings.model import (
    MAX_VALUE,
    BoardVersion,
    Contribution,
    CountedAction,
    Period,
    PlayerFacts,
    Reason,
    Tally,
)
from domain.rankings.periods import period_at
from domain.rankings.values import EXACT, Metadata, ReadValue, look_up, make_reader

MAX_SEGMENT_LENGTH = 64

Counts = Contribution | Reason | None
ReadSegment = Callable[[CountedAction, Metadata, PlayerFacts | None, Period], str | None]

_NOTHING: Metadata = {}


class _Moment(NamedTuple):
    """What holds for all actions of one intake time."""

    at: datetime | None
    period: Period | None
    factors: Mapping[str | None, Decimal] | None
    """By action type, None for any that is not named; None while no multiplier is active."""


def parse_metadata(text: str | None) -> Metadata:
    """Return an action's metadata, empty when it has none; parse once for all boards."""
    if text is None:
        return _NOTHING
    try:
        metadata = orjson.loads(text)
    except orjson.JSONDecodeError:
        # What this parser refuses and intake takes, a lone surrogate for instance.
        metadata = loads(text)
    return metadata if type(metadata) is dict else _NOTHING


class BoardRule:
    """A version of a board, ready to count actions; may be shared between threads."""

    __slots__ = (
        "_columns", "_conditions", "_is_placed", "_joins", "_limits", "_moment", "_segment",
        "_types", "_value", "definition", "version",
    )  # fmt: skip

    def __init__(self, version: BoardVersion) -> None:
        """Prepare everything that does not depend on an action."""
        definition = version.definition
        self.version = version
        self.definition = definition
        self._types = frozenset(definition.action_types) or None
        self._conditions = tuple(map(make_condition, definition.where))
        self._joins = str(definition.id) if definition.join_required else None
        self._segment = _make_segment(definition.segment)
        self._is_placed = definition.join_required or self._segment is not None
        self._value = _make_value(definition)
        self._columns = tuple(
            make_reader(column.value, definition.decimals) for column in definition.tie_breakers
        )
        self._limits = definition.attempts is not None
        # Replaced whole, never changed: another thread sees the old one or the new one.
        self._moment = _Moment(None, None, None)

    def contribute(
        self, action: CountedAction, metadata: Metadata | None, player: PlayerFacts | None
    ) -> Counts:
        """Return what an action is worth, why it does not count, or None: the board is not for it.

        `metadata` is what `parse_metadata` made of the action's.
        """
        if self._types is not None and action.action_type not in self._types:
            return None
        moment = self._moment
        if moment.at != action.accepted_at:
            moment = self._moment = self._moment_at(action.accepted_at)
        if moment.period is None:
            return None
        metadata = metadata or _NOTHING
        for holds in self._conditions:
            if not holds(metadata):
                return None
        segment: str | Reason = ""
        if self._is_placed:
            segment = self._place(action, metadata, player, moment.period)
            if isinstance(segment, Reason):
                return segment
        tally = self._count(action, metadata, moment.factors)
        return tally if isinstance(tally, Reason) else Contribution(moment.period, segment, tally)

    def _place(
        self,
        action: CountedAction,
        metadata: Metadata,
        player: PlayerFacts | None,
        period: Period,
    ) -> str | Reason:
        if self._joins is not None:
            joined_at = None if player is None else player.joined.get(self._joins)
            if joined_at is None or action.accepted_at < joined_at:
                return Reason.NOT_JOINED
        if self._segment is None:
            return ""
        return self._segment(action, metadata, player, period) or Reason.SEGMENT_MISSING

    def _count(
        self,
        action: CountedAction,
        metadata: Metadata,
        factors: Mapping[str | None, Decimal] | None,
    ) -> Tally | Reason:
        factor = None
        if factors is not None:
            factor = factors.get(action.action_type, factors[None])
        value = self._value(action, metadata, factor)
        if isinstance(value, Reason):
            return value
        columns = self._read_columns(action, metadata) if self._columns else ()
        if isinstance(columns, Reason):
            return columns
        number = action.action_no
        attempts = ((number, value, columns),) if self._limits else None
        return Tally(value, columns, number, value != 0, 1, attempts)

    def _read_columns(self, action: CountedAction, metadata: Metadata) -> tuple[int, ...] | Reason:
        columns = []
        for read in self._columns:
            column = read(action, metadata, None)
            if isinstance(column, Reason):
                return column
            columns.append(column)
        return tuple(columns)

    def _moment_at(self, at: datetime) -> _Moment:
        last = self._moment.period
        if last is None or last.start is None or last.end is None:
            period = period_at(self.definition, at)
        else:
            period = last if last.start <= at < last.end else period_at(self.definition, at)
        return _Moment(at, period, _list_factors(self.definition.multipliers, at))


def _make_value(definition: BoardDefinition) -> ReadValue:
    if definition.aggregate is not Aggregate.COUNT:
        return make_reader(definition.value, definition.decimals)
    # An action is one action, whatever it is worth.
    one: int = 10**definition.decimals
    return lambda _action, _metadata, _factor: one


def _make_segment(segment: Segment | None) -> ReadSegment | None:
    if segment is None:
        return None
    path, name = segment.path, segment.attribute
    if path is not None:
        return lambda _action, metadata, _player, _period: _name_segment(look_up(metadata, path))
    return lambda action, _, player, period: (
        None
        if player is None or name is None
        else _name_segment(find_value(player, name, at=action.accepted_at, until=period.end))
    )


def _name_segment(found: Any) -> str | None:
    if type(found) is bool:
        return "true" if found else "false"
    # JSONB writes 1e2 as 100, and some parsers round integers beyond these: however the metadata is
    # read, it is the same segment.
    if type(found) is float and found.is_integer():
        found = int(found)
    if type(found) is int and -MAX_VALUE <= found <= MAX_VALUE:
        return str(found)
    return _check_segment(found) if type(found) is str else None


@lru_cache(maxsize=4096)
def _check_segment(text: str) -> str | None:
    """Return the text if PostgreSQL can store it as a segment, else None."""
    has_surrogate = not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)
    return None if has_surrogate or "\0" in text or len(text) > MAX_SEGMENT_LENGTH else text


def _multiply(factors: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.multiply, factors, Decimal(1))


def _list_factors(
    multipliers: Sequence[Multiplier], at: datetime
) -> Mapping[str | None, Decimal] | None:
    """Return the product of the factors that are active, by action type."""
    active = [each for each in multipliers if each.start <= at < each.end]
    if not active:
        return None
    return {
        action_type: _multiply(
            each.factor for each in active if each.action_type in (None, action_type)
        )
        for action_type in {None, *(each.action_type for each in active)}
    }
