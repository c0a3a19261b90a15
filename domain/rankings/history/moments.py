"""The moments of a history: which ones are asked for, in which period each is; pure.

A moment stands for everything that was accepted before it: the end of a day is the whole day.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from domain.rankings.definition import BoardDefinition, PeriodKind
from domain.rankings.history.past import TICK
from domain.rankings.model import Period
from domain.rankings.periods import day_start, period_at

DEFAULT_POINTS = 30
MAX_POINTS = 60
_DAY = timedelta(days=1)


class Moments(NamedTuple):
    """Moments of one period, the earliest first."""

    period: Period | None
    moments: Sequence[datetime]


def list_day_ends(definition: BoardDefinition, *, now: datetime, points: int) -> list[datetime]:
    """Return the ends of the last local days of the board, the last one being `now`.

    Of a season that is over the last days of it.
    """
    last = now
    if definition.period.kind is PeriodKind.SEASON and definition.period.end is not None:
        last = min(now, definition.period.end)
    zone = definition.time_zone
    today = (last - TICK).astimezone(zone).date()
    starts = {day_start(zone, today - back * _DAY) for back in range(points)}
    ends = sorted(start for start in starts if start < last)[-(points - 1) :] if points > 1 else []
    return [*ends, last]


def list_evenly(since: datetime, until: datetime, *, points: int) -> list[datetime]:
    """Return so many moments of a span, of which the last one is its end."""
    step = (until - since) / points
    return [*(since + step * number for number in range(1, points)), until]


def group_by_period(definition: BoardDefinition, moments: Sequence[datetime]) -> list[Moments]:
    """Return the moments by the period that each is in, or ends."""
    ordered = sorted(set(moments))
    return [
        Moments(period, list(group))
        for period, group in groupby(ordered, lambda at: period_at(definition, at - TICK))
    ]
