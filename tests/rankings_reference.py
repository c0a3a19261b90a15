"""What boards must show, straight from the sorted ledger: one line for each rule, slow and plain.

Written apart from the product's rules, of which it knows the words only; numbers are fractions, and
the day of a moment is what the calendar on the wall says.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from json import loads
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from domain.rankings.definition import (
    Aggregate,
    BoardDefinition,
    Condition,
    Direction,
    PeriodKind,
    TieRule,
    ValueSource,
)
from domain.rankings.model import CountedAction, PlayerFacts

MAX = 2**53 - 1
DAY = timedelta(days=1)
NUMBERS = (int, float)


class Entry(NamedTuple):
    """A player on one board; `order` is what the ranking is sorted by."""

    rank: int
    user_id: str
    value: int
    columns: tuple[int, ...]
    reached_seq: int
    counted: int


class Counted(NamedTuple):
    """An action that counts."""

    action_no: int
    user_id: str
    value: int
    columns: tuple[int, ...]


Players = Mapping[str, PlayerFacts]


def rank_all(
    definition: BoardDefinition, ledger: Iterable[CountedAction], players: Players, now: datetime
) -> dict[tuple[str, str], list[Entry]]:
    """Return every ranking of a board, by period and segment, each in its order."""
    counted = defaultdict(list)
    for action in sorted(ledger):
        if why_not(definition, action, players) is None and still_counts(definition, action, now):
            key = period_of(definition, action.accepted_at), segment_of(definition, action, players)
            counted[key].append(count(definition, action))
    return {key: rank(definition, actions) for key, actions in counted.items()}


def rank(definition: BoardDefinition, actions: Sequence[Counted]) -> list[Entry]:
    """Return the rows of one ranking in order."""
    by_user = defaultdict(list)
    for action in actions:
        by_user[action.user_id].append(action)
    rows = [total(definition, mine[: definition.attempts]) for mine in by_user.values()]
    rows.sort(key=lambda row: (*group(definition, row), row.reached_seq, row.user_id))
    groups = [group(definition, row) for row in rows]
    ranks = {
        TieRule.FIRST_TO_REACH: lambda place: place + 1,
        TieRule.COMPETITION: lambda place: groups.index(groups[place]) + 1,
        TieRule.DENSE: lambda place: len(set(groups[: place + 1])),
    }[definition.ties]
    return [row._replace(rank=ranks(place)) for place, row in enumerate(rows)]


def total(definition: BoardDefinition, mine: Sequence[Counted]) -> Entry:
    """Return what a player's actions, in the order of their numbers, come to."""
    best = min(mine, key=lambda action: (*group(definition, action), action.action_no))
    summed = tuple(map(sum, zip(*(action.columns for action in mine), strict=True)))
    moving = [action.action_no for action in mine if action.value] or [mine[0].action_no]
    value, columns, reached = {
        Aggregate.SUM: (sum(action.value for action in mine), summed, moving[-1]),
        Aggregate.COUNT: (len(mine) * 10**definition.decimals, summed, mine[-1].action_no),
        Aggregate.BEST: (best.value, best.columns, best.action_no),
        Aggregate.LATEST: (mine[-1].value, mine[-1].columns, mine[-1].action_no),
    }[definition.aggregate]
    return Entry(0, mine[0].user_id, value, columns, reached, len(mine))


def group(definition: BoardDefinition, row: Entry | Counted) -> tuple[int, ...]:
    """Return what players who are tied have in common, the smaller the better."""
    directions = [definition.direction, *(each.direction for each in definition.tie_breakers)]
    numbers = [row.value, *row.columns]
    return tuple(
        -number if direction is Direction.DESC else number
        for number, direction in zip(numbers, directions, strict=True)
    )


def why_not(definition: BoardDefinition, action: CountedAction, players: Players) -> str | None:
    """Return why an action does not count, "" when the board is not for it."""
    metadata, player = loads(action.metadata or "{}"), players.get(action.user_id)
    joined_at = player and player.joined.get(str(definition.id))
    numbers = [number(definition, action, source) for source in sources(definition)]
    wrong = [reason for reason in numbers if isinstance(reason, str)]
    rules = [
        (definition.action_types and action.action_type not in definition.action_types, ""),
        (not all(meets(metadata, condition) for condition in definition.where), ""),
        (period_of(definition, action.accepted_at) is None, ""),
        (definition.join_required and not joined_at, "NOT_JOINED"),
        (definition.join_required and joined_at and action.accepted_at < joined_at, "NOT_JOINED"),
        (segment_of(definition, action, players) is None, "SEGMENT_MISSING"),
        (bool(wrong), wrong[0] if wrong else None),
    ]
    return next((reason for applies, reason in rules if applies), None)


def count(definition: BoardDefinition, action: CountedAction) -> Counted:
    """Return what an action that counts brings."""
    value, *columns = (number(definition, action, source) for source in sources(definition))
    return Counted(action.action_no, action.user_id, value, tuple(columns))


def sources(definition: BoardDefinition) -> list[tuple[ValueSource, bool]]:
    """Return where the value and the columns are from, and whether factors apply."""
    columns = [(column.value, False) for column in definition.tie_breakers]
    if definition.aggregate is Aggregate.COUNT:
        return [(ValueSource("1"), False), *columns]
    return [(definition.value, True), *columns]


def number(
    definition: BoardDefinition, action: CountedAction, source: tuple[ValueSource, bool]
) -> int | str:
    """Return the scaled integer, or what is wrong with it."""
    text, has_factors = source[0].text, source[1]
    known = {"score": action.score, "1": 1}
    found = known[text] if text in known else find(loads(action.metadata or "{}"), text)
    if found is None or type(found) not in NUMBERS:
        return "VALUE_MISSING" if found is None else "VALUE_INVALID"
    exact = Fraction(str(found)) * 10**definition.decimals
    for multiplier in definition.multipliers if has_factors else ():
        if multiplier.start <= action.accepted_at < multiplier.end and multiplier.action_type in (
            None,
            action.action_type,
        ):
            exact *= Fraction(multiplier.factor)
    return round(exact) if abs(round(exact)) <= MAX else "VALUE_INVALID"


def find(metadata: Any, path: str) -> Any:
    """Return what is at a path like `metadata.level.seconds`."""
    for name in path.split(".")[1:]:
        metadata = metadata.get(name) if isinstance(metadata, dict) else None
    return metadata


def meets(metadata: Any, condition: Condition) -> bool:
    """Return whether a condition is met."""
    found = find(metadata, ".".join(("metadata", *condition.path)))
    if condition.kind == "present":
        return (found is not None) == condition.present
    if condition.kind == "equals":
        kinds = [NUMBERS if type(it) in NUMBERS else type(it) for it in (found, condition.equals)]
        return kinds[0] == kinds[1] and found == condition.equals
    if type(found) not in NUMBERS:
        return False
    bounds = condition.minimum, condition.maximum
    low, high = (None if bound is None else Fraction(bound) for bound in bounds)
    return (low is None or low <= Fraction(str(found))) and (
        high is None or Fraction(str(found)) <= high
    )


def segment_of(definition: BoardDefinition, action: CountedAction, players: Players) -> str | None:
    """Return the segment's name, None when there is none."""
    if definition.segment is None:
        return ""
    if definition.segment.path is not None:
        path = ".".join(("metadata", *definition.segment.path))
        found = find(loads(action.metadata or "{}"), path)
        found = int(found) if type(found) is float and found == round(found) else found
        found = found if type(found) in (str, int, bool) else None
    else:
        player = players.get(action.user_id)
        found = player and player.attributes.get(definition.segment.attribute or "")
    if type(found) is int:
        return str(found) if abs(found) <= MAX else None
    text = {True: "true", False: "false"}[found] if type(found) is bool else found or ""
    return text if 1 <= len(text) <= 64 else None


def period_of(definition: BoardDefinition, at: datetime) -> str | None:
    """Return the key of the period that a moment is in."""
    rule, day = definition.period, day_of(definition.time_zone, at)
    if rule.kind is PeriodKind.SEASON:
        assert rule.start is not None
        assert rule.end is not None
        return "season" if rule.start <= at < rule.end else None
    return {
        PeriodKind.NONE: "all",
        PeriodKind.ROLLING: "rolling",
        PeriodKind.DAILY: day.isoformat(),
        PeriodKind.WEEKLY: f"{thursday_of(day, rule.starts_on):%G-W%V}",
        PeriodKind.MONTHLY: f"{day:%Y-%m}",
        PeriodKind.YEARLY: f"{day:%Y}",
    }[rule.kind]


def thursday_of(day: date, starts_on: int) -> date:
    """Return the Thursday of a day's week."""
    first = next(day - n * DAY for n in range(7) if (day - n * DAY).weekday() == starts_on)
    return next(first + n * DAY for n in range(7) if (first + n * DAY).weekday() == 3)


@lru_cache(maxsize=65536)
def day_of(zone: ZoneInfo, at: datetime) -> date:
    """Return the local date; a day that has begun goes on when the clock is set back."""
    minutes = range(181)
    return max((at - timedelta(minutes=n)).astimezone(zone).date() for n in minutes)


def still_counts(definition: BoardDefinition, action: CountedAction, now: datetime) -> bool:
    """Return whether an action is in no bucket that has left a rolling board."""
    window, zone, at = definition.period.window, definition.time_zone, action.accepted_at
    if definition.period.kind is not PeriodKind.ROLLING or window is None:
        return True
    if window == DAY:
        return hour_of(at) >= hour_of(now) - window
    first_day = min(day_of(zone, now) - window, day_of(zone, now - window))
    return day_of(zone, at) >= first_day


def hour_of(at: datetime) -> datetime:
    """Return the start of the hour."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
