"""Boards and ledgers of every kind for property tests: few players, numbers and moments, so that
they are equal, tied and on both sides of a bound often."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.boards.model import BoardId
from domain.rankings.definition import (
    Aggregate,
    BoardDefinition,
    Condition,
    Direction,
    Multiplier,
    PeriodKind,
    PeriodRule,
    Segment,
    TieBreaker,
    TieRule,
    ValueSource,
)
from domain.rankings.folding import group_size
from domain.rankings.model import CountedAction, PlayerFacts

BOARD = BoardId("board")
SCORE = ValueSource("score")
USERS = tuple(str(UUID(int=number)) for number in (1, 2, 2**127))

# Each with a moment at which its clock does something.
ZONES = {
    "UTC": "2026-11-26T00:00",
    "Europe/Berlin": "2026-03-29T01:00",
    "America/New_York": "2026-11-01T06:00",
    "Australia/Lord_Howe": "2026-10-03T15:30",
    "Asia/Kathmandu": "2026-12-31T18:15",
    "Pacific/Apia": "2011-12-30T10:00",
    "America/Sao_Paulo": "2018-11-04T03:00",
    "America/St_Johns": "2010-11-07T02:31",
    "America/Havana": "2026-11-01T05:00",
}
HOURS = (-24 * 31, -24 * 8, -24 * 7, -25, -24, -23, -2, -1, 0, 1, 2, 22, 23, 24, 25, 24 * 7)


def moment_of(zone: ZoneInfo) -> datetime:
    """Return when a zone's clock does something."""
    return datetime.fromisoformat(ZONES[zone.key]).replace(tzinfo=UTC)


def moments(zone: ZoneInfo) -> st.SearchStrategy[datetime]:
    """Return moments around the one of a zone, at bounds and a moment before and after them."""
    seconds = st.sampled_from((-1800, -60, -1, -0.000001, 0, 1, 60, 1800))
    return st.builds(
        lambda hours, offset: moment_of(zone) + timedelta(hours=hours, seconds=offset),
        st.sampled_from(HOURS),
        seconds,
    )


def clocks(zone: ZoneInfo) -> st.SearchStrategy[list[datetime]]:
    """Return the few moments at which anything happens, so that bounds are met."""
    return st.lists(moments(zone), min_size=2, max_size=4, unique=True)


numbers = st.sampled_from((0, 1, 2, -1, 3, 0.5, 1.5, 2.5, -0.5, 1.005, 0.1, -0.0, 1.0))
wrong_numbers = st.sampled_from((None, True, "1", [], {}, 10**30, 1e300, 2**53, -(2**53), 5e-324))
values = st.integers(0, 7).flatmap(lambda number: numbers if number else wrong_numbers)
countries = st.sampled_from(("DE", "NP", "DE", 1, 0, True, False, "", 1.0, 1.5, None, [], "x" * 65))
metadata = st.fixed_dictionaries(
    {"seconds": values, "level": values, "country": countries},
    optional={"run": st.fixed_dictionaries({}, optional={"gems": numbers}) | st.integers(0, 1)},
).map(json.dumps)
sources = st.sampled_from(
    [ValueSource(text) for text in ("score", "metadata.seconds", "metadata.run.gems", "1")]
)
columns = st.sampled_from(
    [ValueSource(text) for text in ("metadata.level", "score", "metadata.seconds", "1")]
)
conditions = st.one_of(
    st.builds(
        partial(Condition, kind="equals"),
        st.sampled_from((("level",), ("country",), ("run", "gems"))),
        equals=st.sampled_from((1, 1.0, 0, True, False, "DE", 0.1)),
    ),
    st.builds(
        partial(Condition, kind="range"),
        st.sampled_from((("level",), ("seconds",))),
        minimum=st.sampled_from((None, Decimal(0), Decimal("0.1"))),
        maximum=st.sampled_from((None, Decimal(1), Decimal("0.1"), Decimal("2.5"))),
    ),
    st.builds(
        partial(Condition, kind="present"),
        st.sampled_from((("level",), ("run",), ("run", "gems"))),
        present=st.booleans(),
    ),
)


def multipliers(clock: Sequence[datetime]) -> st.SearchStrategy[Multiplier]:
    """Return factors for spans between moments."""
    return st.builds(
        lambda start, end, action_type, factor: Multiplier(
            min(start, end), max(start, end), action_type, Decimal(factor)
        ),
        st.sampled_from(clock),
        st.sampled_from(clock),
        st.sampled_from((None, "win", "lose")),
        st.sampled_from(("2", "0.5", "1.25", "0", "-1", "0.333")),
    )


def periods(zone: ZoneInfo) -> st.SearchStrategy[PeriodRule]:
    """Return rules of every kind of period."""
    windows = st.sampled_from((timedelta(hours=24), timedelta(days=7), timedelta(days=30)))
    start = moment_of(zone) - timedelta(days=7)
    return st.one_of(
        st.builds(
            PeriodRule,
            st.sampled_from(
                [PeriodKind.NONE, PeriodKind.DAILY, PeriodKind.MONTHLY, PeriodKind.YEARLY]
            ),
        ),
        st.builds(partial(PeriodRule, PeriodKind.WEEKLY), starts_on=st.integers(0, 6)),
        st.builds(partial(PeriodRule, PeriodKind.ROLLING), window=windows),
        st.just(PeriodRule(PeriodKind.SEASON, start=start, end=moment_of(zone))),
    )


segments = st.sampled_from((Segment(path=("country",)), Segment(attribute="country")))


def features(clock: Sequence[datetime]) -> st.SearchStrategy[dict[str, object]]:
    """Return at most one of the fields that keep actions from counting, or change their worth."""
    factors = st.lists(multipliers(clock), min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.just({}),
        st.fixed_dictionaries({"action_types": st.sampled_from((("win",), ("win", "lose")))}),
        st.fixed_dictionaries({"where": st.lists(conditions, min_size=1, max_size=2).map(tuple)}),
        st.fixed_dictionaries({"segment": segments}),
        st.just({"join_required": True}),
        st.fixed_dictionaries({"attempts": st.sampled_from((1, 2))}),
        st.fixed_dictionaries({"multipliers": factors}),
    )


@st.composite
def definitions(
    draw: st.DrawFn, zone: ZoneInfo, clock: Sequence[datetime], period: PeriodRule | None = None
) -> BoardDefinition:
    """Return a board of any kind; a rolling one has no limit of attempts."""
    breakers = st.lists(st.builds(TieBreaker, columns, st.sampled_from(Direction)), max_size=4)
    rule = period or draw(periods(zone))
    definition = BoardDefinition(
        BOARD,
        value=draw(sources),
        aggregate=draw(st.sampled_from(Aggregate)),
        direction=draw(st.sampled_from(Direction)),
        tie_breakers=tuple(draw(breakers)),
        ties=draw(st.sampled_from(TieRule)),
        decimals=draw(st.sampled_from((0, 0, 2, 3))),
        period=rule,
        time_zone=zone,
    )
    definition = replace(definition, **draw(features(clock)))
    return replace(definition, attempts=None) if rule.window else definition


@st.composite
def ledgers(draw: st.DrawFn, clock: Sequence[datetime]) -> list[CountedAction]:
    """Return applied actions in the order of their numbers; times need not be in that order."""
    rows = st.tuples(
        st.sampled_from(USERS),
        st.sampled_from(("win", "lose", None)),
        st.sampled_from((1, 2, 0, 3, 10_000)),
        st.one_of(metadata, metadata, metadata, st.none()),
        st.sampled_from(clock),
    )
    return [
        CountedAction(number, *row)
        for number, row in enumerate(draw(st.lists(rows, min_size=6, max_size=16)), start=1)
    ]


def players(clock: Sequence[datetime]) -> st.SearchStrategy[dict[str, PlayerFacts]]:
    """Return what is known of the players; of some nothing."""
    facts = st.builds(
        PlayerFacts,
        st.sampled_from(({"country": "DE"}, {"country": "NP"}, {"country": ""}, {})),
        st.one_of(st.builds(lambda at: {str(BOARD): at}, st.sampled_from(clock)), st.just({})),
    )
    return st.dictionaries(st.sampled_from(USERS), facts)


@st.composite
def cases(
    draw: st.DrawFn,
) -> tuple[BoardDefinition, list[CountedAction], dict[str, PlayerFacts], datetime]:
    """Return a board, a ledger, its players, and a moment at which to look."""
    zone = ZoneInfo(draw(st.sampled_from(sorted(ZONES))))
    clock = draw(clocks(zone))
    return (
        draw(definitions(zone, clock)),
        draw(ledgers(clock)),
        draw(players(clock)),
        draw(st.sampled_from(clock)),
    )


def list_ranks(definition: BoardDefinition, keys: Sequence[bytes]) -> list[int]:
    """Return the ranks that the tie rule gives to these sort keys, which are in order."""
    groups = [key[: group_size(definition)] for key in keys]
    if definition.ties is TieRule.FIRST_TO_REACH:
        return list(range(1, len(keys) + 1))
    smaller = [[other for other in groups if other < group] for group in groups]
    is_dense = definition.ties is TieRule.DENSE
    return [1 + len(set(others) if is_dense else others) for others in smaller]
