"""Periods as readers name them: `current`, `previous`, or a key. Pure."""

from datetime import datetime

from domain.errors import PeriodNotFoundError
from domain.rankings.definition import BoardDefinition, PeriodKind
from domain.rankings.model import Period
from domain.rankings.periods import parse_period, period_at, period_before

CURRENT = "current"
PREVIOUS = "previous"
_SINGLE = (PeriodKind.NONE, PeriodKind.SEASON, PeriodKind.ROLLING)


def current_period(definition: BoardDefinition, now: datetime) -> Period:
    """Return the period of now, and a season also before it begins and when it is over."""
    return period_at(definition, now) or parse_period(definition, "season")


def next_reset(definition: BoardDefinition, now: datetime) -> datetime | None:
    """Return when the period of now ends; None if it does not, or has ended."""
    end = current_period(definition, now).end
    return end if end is not None and now < end else None


def key_of(definition: BoardDefinition, period: str, now: datetime) -> str:
    """Return the key of the period that is asked for; raises PeriodNotFoundError."""
    current = current_period(definition, now)
    if period == CURRENT:
        return current.key
    if period != PREVIOUS:
        return period
    if definition.period.kind is PeriodKind.SEASON:
        return current.key
    previous = period_before(definition, current)
    if previous is None:
        raise PeriodNotFoundError
    return previous.key


def parse_key(definition: BoardDefinition, key: str) -> Period:
    """Return the period with this key; raises PeriodNotFoundError."""
    try:
        return parse_period(definition, key)
    except ValueError as error:
        raise PeriodNotFoundError from error


def is_kept(definition: BoardDefinition, current: Period, key: str) -> bool:
    """Return whether this is one of the last closed periods, or none of the board's kind."""
    try:
        wanted = parse_period(definition, key)
    except ValueError:
        # Of an earlier version with other periods: kept as long as its rows are.
        return True
    if wanted.start is None or definition.period.kind in _SINGLE:
        return True
    if wanted.start >= (current.start or wanted.start):
        return wanted == current
    period: Period | None = current
    for _ in range(definition.keep_periods):
        period = period and period_before(definition, period)
        if period is None or period.start is None or period.start <= wanted.start:
            return period == wanted
    return False
