"""The parts of a board's definition as JSON: the zone, the period, columns, factors, rewards.

Used by `domain/rankings/definition_json.py` only.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.rankings.definition import (
    ONE_VALUE,
    UTC,
    Direction,
    Multiplier,
    PeriodKind,
    PeriodRule,
    Reward,
    TieBreaker,
)
from domain.rankings.definition_fields.conditions import read_source
from domain.rankings.definition_fields.reader import FieldReader

MAX_ACTION_TYPE_CHARS = 100
MAX_ACTION_TYPES = 50
MAX_TIE_BREAKERS = 4
MAX_MULTIPLIERS = 50
MAX_FACTOR = 1000
MAX_REWARDS = 50
MAX_REWARD_CHARS = 64
MAX_REWARDED_RANK = 100_000

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WINDOWS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}

_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
# Files beside the zones: the machine's own, and copies of the tree with leap seconds and without.
_NO_ZONES = ("localtime", "posixrules", "Factory", "posix", "right")


def read_zone(reader: FieldReader, name: str) -> ZoneInfo:
    """Return an IANA time zone."""
    value = reader.take(name)
    if value is None:
        return UTC
    if type(value) is str and _ZONE.fullmatch(value) and value.split("/")[0] not in _NO_ZONES:
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    reader.refuse(name, "Not a time zone of the IANA database, such as Europe/Berlin.")
    return UTC


def read_period(reader: FieldReader) -> PeriodRule:
    """Return when the board begins anew."""
    kind = reader.choice("kind", PeriodKind, PeriodKind.NONE)
    fields = {
        PeriodKind.WEEKLY: ("startsOn",),
        PeriodKind.SEASON: ("start", "end"),
        PeriodKind.ROLLING: ("window",),
    }
    for owner, names in fields.items():
        for name in names:
            if reader.take(name) is not None and owner is not kind:
                reader.refuse(name, f"Only for a period of the kind {owner}.")
    reader.refuse_unknown()
    if kind is PeriodKind.WEEKLY:
        return PeriodRule(kind, starts_on=_read_name(reader, "startsOn", WEEKDAYS))
    if kind is PeriodKind.ROLLING:
        window = _read_name(reader, "window", tuple(WINDOWS))
        return PeriodRule(kind, window=[*WINDOWS.values()][window])
    return _read_season(reader) if kind is PeriodKind.SEASON else PeriodRule(kind)


def _read_name(reader: FieldReader, name: str, names: Sequence[str]) -> int:
    """Return which of the names the field has; the first by default."""
    value = reader.take(name)
    if value is None or (type(value) is str and value in names):
        return 0 if value is None else names.index(value)
    reader.refuse(name, f"Must be one of: {', '.join(names)}.")
    return 0


def _read_season(reader: FieldReader) -> PeriodRule:
    start, end = reader.moment("start"), reader.moment("end")
    if start and end and end <= start:
        reader.refuse("end", "Must be later than the start.")
    return PeriodRule(PeriodKind.SEASON, start=start, end=end)


def read_tie_breakers(reader: FieldReader) -> Iterator[TieBreaker]:
    """Yield the columns that order players with equal values."""
    for column in reader.objects("tieBreakers", most=MAX_TIE_BREAKERS):
        if column.take("value") is None:
            column.refuse("value", "Missing.")
        source = read_source(column, "value", ONE_VALUE)
        yield TieBreaker(source, column.choice("direction", Direction, Direction.DESC))


def read_multipliers(reader: FieldReader) -> Iterator[Multiplier]:
    """Yield the factors, those that are sound."""
    sound: list[Multiplier] = []
    for span in reader.objects("multipliers", most=MAX_MULTIPLIERS):
        start, end = span.moment("from"), span.moment("until")
        kind = span.text("actionType", longest=MAX_ACTION_TYPE_CHARS, default=None)
        factor = span.number("factor", above=0, most=MAX_FACTOR)
        if span.take("factor") is None:
            span.refuse("factor", "Missing.")
        if start is None or end is None or factor is None:
            continue
        if end <= start:
            span.refuse("until", "Must be later than from.")
            continue
        multiplier = Multiplier(start, end, kind, factor)
        if any(_is_same_factor(multiplier, other) for other in sound):
            span.refuse("from", "Overlaps another factor of the same action type.")
        sound.append(multiplier)
        yield multiplier


def _is_same_factor(one: Multiplier, other: Multiplier) -> bool:
    is_same_type = one.action_type == other.action_type
    return is_same_type and one.start < other.end and other.start < one.end


def read_rewards(reader: FieldReader) -> Iterator[Reward]:
    """Yield the rewards, those that are sound."""
    sound: list[Reward] = []
    for grant in reader.objects("rewards", most=MAX_REWARDS):
        text = grant.text("reward", longest=MAX_REWARD_CHARS, default=None)
        if text is None and grant.take("reward") is None:
            grant.refuse("reward", "Missing.")
        percent, ranks = grant.number("percent", above=0, most=100), _read_ranks(grant)
        if (grant.take("ranks") is None) == (grant.take("percent") is None):
            grant.refuse("ranks", "Must have either ranks or percent.")
        elif text is not None and (ranks or percent):
            reward = Reward(text, ranks, percent)
            if any(_is_for_same_rank(reward, other) for other in sound):
                grant.refuse("ranks" if ranks else "percent", "Overlaps another reward.")
            sound.append(reward)
            yield reward


def _read_ranks(reader: FieldReader) -> tuple[int, int] | None:
    value = reader.take("ranks")
    is_pair = type(value) is list and len(value) == 2 and all(type(rank) is int for rank in value)
    if is_pair and 1 <= value[0] <= value[1] <= MAX_REWARDED_RANK:
        return value[0], value[1]
    if value is not None:
        reader.refuse("ranks", f"Must be the first and the last rank, 1 to {MAX_REWARDED_RANK}.")
    return None


def _is_for_same_rank(one: Reward, other: Reward) -> bool:
    if one.ranks and other.ranks:
        return one.ranks[0] <= other.ranks[1] and other.ranks[0] <= one.ranks[1]
    return one.percent is not None and one.percent == other.percent
