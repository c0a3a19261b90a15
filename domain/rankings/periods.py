"""Periods: which one a moment belongs to, its bounds and key, and the buckets of a rolling board.

Pure. A day of a board begins with the first moment whose local date, in the board's zone, is that
day: where midnight is skipped the moment after the gap, where it comes twice the first. So days of
23, 24.5 and 25 hours follow each other without a gap, and a day that a zone skipped has no period.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.rankings.definition import BoardDefinition, PeriodKind
from domain.rankings.model import Period

ALL = Period("all")
ROLLING = Period("rolling")
SEASON_KEY = "season"

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_THURSDAY = 3
# Of another moment than the one asked for, to step over the bound of a period.
_TICK = timedelta(microseconds=1)


class _Calendar(NamedTuple):
    """How days make up the periods of one kind; `first_day` is the period's that a day is in."""

    key: re.Pattern[str]
    first_day: Callable[[date, int], date]
    next_first_day: Callable[[date], date]
    key_of: Callable[[date], str]
    first_day_of: Callable[[tuple[int, ...], int], date]


def period_at(definition: BoardDefinition, at: datetime) -> Period | None:
    """Return the period that a moment belongs to; None when the board's season is not running."""
    kind = definition.period.kind
    if kind in _CALENDARS:
        return _calendar_period_at(kind, definition.period.starts_on, definition.time_zone, at)
    if kind is PeriodKind.SEASON:
        season = _season(definition)
        return season if _is_within(season, at) else None
    return ALL if kind is PeriodKind.NONE else ROLLING


def parse_period(definition: BoardDefinition, key: str) -> Period:
    """Return the period with this key; raises ValueError for no key of this board."""
    kind = definition.period.kind
    calendar = _CALENDARS.get(kind)
    if calendar is None:
        only = _season(definition) if kind is PeriodKind.SEASON else None
        only = only or (ALL if kind is PeriodKind.NONE else ROLLING)
        if key != only.key:
            raise ValueError(f"not a period of this board: {key!r}")
        return only
    match = calendar.key.fullmatch(key)
    if match is None:
        raise ValueError(f"not the key of a {kind} period: {key!r}")
    starts_on = definition.period.starts_on
    try:
        first = calendar.first_day_of(tuple(map(int, match.groups())), starts_on)
        period = _period_from(kind, definition.time_zone, first)
    except OverflowError as error:
        raise ValueError(f"too far away: {key!r}") from error
    if period.start == period.end:
        raise ValueError(f"skipped in the board's time zone: {key!r}")
    return period


def period_before(definition: BoardDefinition, period: Period) -> Period | None:
    """Return the period before this one; None for the only one."""
    if definition.period.kind not in _CALENDARS or period.start is None:
        return None
    return period_at(definition, period.start - _TICK)


def period_after(definition: BoardDefinition, period: Period) -> Period | None:
    """Return the period that begins when this one ends; None for the only one."""
    if definition.period.kind not in _CALENDARS or period.end is None:
        return None
    return period_at(definition, period.end)


def bucket_at(definition: BoardDefinition, at: datetime) -> datetime:
    """Return the start of the bucket that a moment belongs to on a rolling board, in UTC.

    Buckets are the hours of UTC for a window of up to a day, else the days of the board's zone.
    """
    if _has_hours(definition):
        return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    start = _calendar_period_at(PeriodKind.DAILY, 0, definition.time_zone, at).start
    assert start is not None
    return start


def window_start(definition: BoardDefinition, now: datetime) -> datetime:
    """Return the start of the earliest bucket that counts now on a rolling board, in UTC.

    The current bucket counts and as many before it as the window has, and one more while they are
    shorter than the window, after a day of 23 hours. It never goes back as time goes on.
    """
    window = definition.period.window
    assert window is not None
    earliest = bucket_at(definition, now - window)
    if _has_hours(definition):
        return earliest
    # By the bucket: right after a midnight that came twice, the local date is that of yesterday.
    today = _local_day(bucket_at(definition, now), definition.time_zone)
    return min(earliest, day_start(definition.time_zone, today - window))


def day_label(definition: BoardDefinition, now: datetime) -> str:
    """Return the board's local day as the sorted sets know it, to tell ranks at its start.

    Empty on a board of days: when its day begins, nobody is there.
    """
    if definition.period.kind is PeriodKind.DAILY:
        return ""
    return _local_day(now, definition.time_zone).isoformat()


@lru_cache(maxsize=4096)
def day_start(zone: ZoneInfo, day: date) -> datetime:
    """Return the first moment, in UTC, that has this local date or a later one.

    Raises OverflowError for a day at the very end of the calendar.
    """
    midnight = datetime.combine(day, time.min)
    start = midnight.replace(tzinfo=zone).astimezone(UTC)
    if start.astimezone(zone).replace(tzinfo=None) == midnight:
        return start
    # In a gap: `fold` 1 counts with the offset after it, which is a moment before it.
    before = midnight.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while start - before > timedelta(seconds=1):
        middle = before + (start - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).replace(tzinfo=None) < midnight:
            before = middle
        else:
            start = middle
    return start


def _season(definition: BoardDefinition) -> Period:
    return Period(SEASON_KEY, definition.period.start, definition.period.end)


def _is_within(period: Period, at: datetime) -> bool:
    return (period.start is None or period.start <= at) and (period.end is None or at < period.end)


def _has_hours(definition: BoardDefinition) -> bool:
    window = definition.period.window
    return window is not None and window <= _DAY


def _local_day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _calendar_period_at(kind: PeriodKind, starts_on: int, zone: ZoneInfo, at: datetime) -> Period:
    first = _CALENDARS[kind].first_day(_local_day(at, zone), starts_on)
    period = _period_from(kind, zone, first)
    # The clock was set back over a midnight: the later day has begun already.
    while period.end is not None and at >= period.end:
        first = _CALENDARS[kind].next_first_day(first)
        period = _period_from(kind, zone, first)
    return period


@lru_cache(maxsize=4096)
def _period_from(kind: PeriodKind, zone: ZoneInfo, first: date) -> Period:
    calendar = _CALENDARS[kind]
    end = day_start(zone, calendar.next_first_day(first))
    return Period(calendar.key_of(first), day_start(zone, first), end)


def _first_of_week(day: date, starts_on: int) -> date:
    return day - timedelta(days=(day.weekday() - starts_on) % 7)


def _week_key(first: date) -> str:
    year, week, _ = (first + timedelta(days=(_THURSDAY - first.weekday()) % 7)).isocalendar()
    return f"{year:04}-W{week:02}"


def _first_of_iso_week(parts: tuple[int, ...], starts_on: int) -> date:
    thursday = date.fromisocalendar(parts[0], parts[1], _THURSDAY + 1)
    return thursday - timedelta(days=(_THURSDAY - starts_on) % 7)


_CALENDARS = {
    PeriodKind.DAILY: _Calendar(
        re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"),
        lambda day, _: day,
        lambda first: first + _DAY,
        date.isoformat,
        lambda parts, _: date(parts[0], parts[1], parts[2]),
    ),
    PeriodKind.WEEKLY: _Calendar(
        re.compile(r"([0-9]{4})-W([0-9]{2})"),
        _first_of_week,
        lambda first: first + 7 * _DAY,
        _week_key,
        _first_of_iso_week,
    ),
    PeriodKind.MONTHLY: _Calendar(
        re.compile(r"([0-9]{4})-([0-9]{2})"),
        lambda day, _: day.replace(day=1),
        lambda first: (first + 31 * _DAY).replace(day=1),
        lambda first: f"{first.year:04}-{first.month:02}",
        lambda parts, _: date(parts[0], parts[1], 1),
    ),
    PeriodKind.YEARLY: _Calendar(
        re.compile(r"([0-9]{4})"),
        lambda day, _: day.replace(month=1, day=1),
        lambda first: first.replace(year=first.year + 1),
        lambda first: f"{first.year:04}",
        lambda parts, _: date(parts[0], 1, 1),
    ),
}
