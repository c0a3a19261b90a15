"""A board's definition as JSON: defaults, one form, and every bad field named."""

import json
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.boards.model import BoardId
from domain.errors import InvalidPayloadError
from domain.rankings.definition import (
    Aggregate,
    BoardDefinition,
    Condition,
    Direction,
    Multiplier,
    PeriodKind,
    PeriodRule,
    Readers,
    Reward,
    Segment,
    TieBreaker,
    TieRule,
    ValueSource,
)
from domain.rankings.definition_json import decode_definition, encode_definition

SEASON = {"kind": "season", "start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
SPAN = {"from": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z", "factor": 2}


def refuse(**fields: Any) -> dict[str, list[str]]:
    """Return what is said of a definition with these fields, by path."""
    with pytest.raises(InvalidPayloadError) as refused:
        decode_definition({"id": "b", **fields})
    assert refused.value.details is not None
    said: dict[str, list[str]] = refused.value.details["fields"]
    return said


def test_every_field_but_the_id_has_a_default() -> None:
    assert decode_definition({"id": "b"}) == BoardDefinition(id=BoardId("b"))


def test_null_is_as_good_as_absent() -> None:
    names = encode_definition(BoardDefinition(id=BoardId("b"))).keys() - {"id"}
    assert decode_definition({"id": "b", **dict.fromkeys(names)}) == decode_definition({"id": "b"})


def test_every_field_is_read() -> None:
    definition = decode_definition(
        {
            "id": "speedrun-weekly",
            "title": "Speedrun",
            "actionTypes": ["level_complete", "boss"],
            "where": {
                "metadata.level": {"min": 5},
                "metadata.mode": "hard",
                "metadata.run.clean": {"equals": True},
                "metadata.cheat": {"present": False},
                "metadata.time": {"min": 0.5, "max": 9},
            },
            "value": "metadata.run.seconds",
            "aggregate": "best",
            "direction": "asc",
            "tieBreakers": [{"value": "metadata.deaths", "direction": "asc"}, {"value": 1}],
            "ties": "dense",
            "decimals": 3,
            "period": {"kind": "weekly", "startsOn": "sunday"},
            "timeZone": "Europe/Berlin",
            "segment": "player.country",
            "joinRequired": True,
            "attempts": 3,
            "multipliers": [SPAN | {"actionType": "boss", "factor": 1.5}],
            "rewards": [{"ranks": [1, 3], "reward": "gold"}, {"percent": 10, "reward": "silver"}],
            "readers": "players",
            "keepPeriods": 4,
        }
    )
    assert definition == BoardDefinition(
        id=BoardId("speedrun-weekly"),
        title="Speedrun",
        action_types=("boss", "level_complete"),
        where=(
            Condition(("cheat",), "present", present=False),
            Condition(("level",), "range", minimum=Decimal(5)),
            Condition(("mode",), "equals", equals="hard"),
            Condition(("run", "clean"), "equals", equals=True),
            Condition(("time",), "range", minimum=Decimal("0.5"), maximum=Decimal(9)),
        ),
        value=ValueSource("metadata.run.seconds"),
        aggregate=Aggregate.BEST,
        direction=Direction.ASC,
        tie_breakers=(
            TieBreaker(ValueSource("metadata.deaths"), Direction.ASC),
            TieBreaker(ValueSource("1"), Direction.DESC),
        ),
        ties=TieRule.DENSE,
        decimals=3,
        period=PeriodRule(PeriodKind.WEEKLY, starts_on=6),
        time_zone=ZoneInfo("Europe/Berlin"),
        segment=Segment(attribute="country"),
        join_required=True,
        attempts=3,
        multipliers=(
            Multiplier(
                datetime(2026, 11, 1, tzinfo=UTC),
                datetime(2026, 11, 2, tzinfo=UTC),
                "boss",
                Decimal("1.5"),
            ),
        ),
        rewards=(Reward("gold", ranks=(1, 3)), Reward("silver", percent=Decimal(10))),
        readers=Readers.PLAYERS,
        keep_periods=4,
    )
    assert decode_definition(encode_definition(definition)) == definition


def test_a_season_and_a_window_are_read() -> None:
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    assert decode_definition({"id": "b", "period": SEASON}).period == PeriodRule(
        PeriodKind.SEASON, start=start, end=end
    )
    # As TOML has them.
    dates = {"kind": "season", "start": start, "end": end}
    assert decode_definition({"id": "b", "period": dates}).period.end == end
    assert decode_definition({"id": "b", "period": {"kind": "rolling"}}).period == PeriodRule(
        PeriodKind.ROLLING, window=timedelta(hours=24)
    )


def test_defaults_are_written_out() -> None:
    assert encode_definition(decode_definition({"id": "b", "period": {"kind": "weekly"}})) == {
        "id": "b",
        "title": "",
        "actionTypes": [],
        "where": {},
        "value": "score",
        "aggregate": "sum",
        "direction": "desc",
        "tieBreakers": [],
        "ties": "firstToReach",
        "decimals": 0,
        "period": {"kind": "weekly", "startsOn": "monday"},
        "timeZone": "UTC",
        "segment": None,
        "joinRequired": False,
        "attempts": None,
        "multipliers": [],
        "rewards": [],
        "readers": "everyone",
        "keepPeriods": 12,
    }


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tittle": "x"}, "tittle"),
        ({"id": "B"}, "id"),
        ({"id": None}, "id"),
        ({"id": "x" * 33}, "id"),
        ({"title": "x" * 101}, "title"),
        ({"title": "a\u202eb"}, "title"),
        ({"title": 7}, "title"),
        ({"actionTypes": "x"}, "actionTypes"),
        ({"actionTypes": ["x"] * 51}, "actionTypes"),
        ({"actionTypes": ["x", "x"]}, "actionTypes[1]"),
        ({"actionTypes": [[]]}, "actionTypes[0]"),
        ({"actionTypes": [""]}, "actionTypes[0]"),
        ({"where": []}, "where"),
        ({"where": {"level": 5}}, "where.level"),
        ({"where": {"metadata": 5}}, "where.metadata"),
        ({"where": {"metadata.": 5}}, "where.metadata."),
        ({"where": {"metadata.a..b": 5}}, "where.metadata.a..b"),
        ({"where": {f"metadata{'.a' * 9}": 5}}, f"where.metadata{'.a' * 9}"),
        ({"where": {f"metadata.{'a' * 65}": 5}}, f"where.metadata.{'a' * 65}"),
        ({"where": {"metadata.level": {}}}, "where.metadata.level"),
        ({"where": {"metadata.level": []}}, "where.metadata.level"),
        ({"where": {"metadata.level": math.nan}}, "where.metadata.level"),
        ({"where": {"metadata.level": {"min": 1, "equals": 2}}}, "where.metadata.level"),
        ({"where": {"metadata.level": {"min": "5"}}}, "where.metadata.level.min"),
        ({"where": {"metadata.level": {"min": math.nan}}}, "where.metadata.level.min"),
        ({"where": {"metadata.level": {"max": math.inf}}}, "where.metadata.level.max"),
        ({"where": {"metadata.level": {"max": True}}}, "where.metadata.level.max"),
        ({"where": {"metadata.level": {"max": 16**9999}}}, "where.metadata.level.max"),
        ({"where": {"metadata.level": {"min": 2, "max": 1}}}, "where.metadata.level.max"),
        ({"where": {"metadata.level": {"equals": {}}}}, "where.metadata.level.equals"),
        ({"where": {"metadata.level": {"equals": "x" * 257}}}, "where.metadata.level.equals"),
        ({"where": {"metadata.level": {"equals": "\x00"}}}, "where.metadata.level.equals"),
        ({"where": {"metadata.level": {"present": 1}}}, "where.metadata.level.present"),
        ({"where": {"metadata.level": {"minimum": 1}}}, "where.metadata.level.minimum"),
        ({"where": {f"metadata.n{n:02}": 1 for n in range(17)}}, "where.metadata.n16"),
        ({"value": "points"}, "value"),
        ({"value": "metadata"}, "value"),
        ({"value": "metadata."}, "value"),
        ({"value": 2}, "value"),
        ({"value": True}, "value"),
        ({"value": "metadata.x", "aggregate": "count"}, "value"),
        ({"aggregate": "average"}, "aggregate"),
        ({"aggregate": []}, "aggregate"),
        ({"direction": "up"}, "direction"),
        ({"tieBreakers": [{"value": "1"}] * 5}, "tieBreakers"),
        ({"tieBreakers": [{}]}, "tieBreakers[0].value"),
        ({"tieBreakers": ["1"]}, "tieBreakers[0]"),
        ({"tieBreakers": [{"value": "1", "order": "asc"}]}, "tieBreakers[0].order"),
        ({"tieBreakers": [{"value": "1"}, {"value": "x"}]}, "tieBreakers[1].value"),
        ({"ties": "first_to_reach"}, "ties"),
        ({"decimals": 7}, "decimals"),
        ({"decimals": -1}, "decimals"),
        ({"decimals": 1.0}, "decimals"),
        ({"decimals": True}, "decimals"),
        ({"period": "daily"}, "period"),
        ({"period": {"kind": "hourly"}}, "period.kind"),
        ({"period": {"kind": "daily", "startsOn": "monday"}}, "period.startsOn"),
        ({"period": {"kind": "weekly", "startsOn": "Monday"}}, "period.startsOn"),
        ({"period": {"kind": "weekly", "startsOn": 0}}, "period.startsOn"),
        ({"period": {"kind": "season"}}, "period.start"),
        ({"period": {"kind": "season"}}, "period.end"),
        ({"period": SEASON | {"end": SEASON["start"]}}, "period.end"),
        ({"period": SEASON | {"end": "2026-12-01T00:00:00"}}, "period.end"),
        ({"period": SEASON | {"start": "soon"}}, "period.start"),
        ({"period": SEASON | {"start": 1}}, "period.start"),
        ({"period": SEASON | {"end": "9999-12-31T23:59:59-10:00"}}, "period.end"),
        ({"period": {"kind": "rolling", "window": "1h"}}, "period.window"),
        ({"period": {"kind": "none", "window": "24h"}}, "period.window"),
        ({"timeZone": "Europe/Atlantis"}, "timeZone"),
        ({"timeZone": "Europe"}, "timeZone"),
        ({"timeZone": "../etc/passwd"}, "timeZone"),
        ({"timeZone": "/etc/localtime"}, "timeZone"),
        ({"timeZone": "right/Europe/Berlin"}, "timeZone"),
        ({"timeZone": "localtime"}, "timeZone"),
        ({"timeZone": "x" * 5000}, "timeZone"),
        ({"timeZone": ""}, "timeZone"),
        ({"timeZone": 1}, "timeZone"),
        ({"segment": "country"}, "segment"),
        ({"segment": "player."}, "segment"),
        ({"segment": "player.Country"}, "segment"),
        ({"segment": "metadata.a..b"}, "segment"),
        ({"joinRequired": 1}, "joinRequired"),
        ({"attempts": 0}, "attempts"),
        ({"attempts": 101}, "attempts"),
        ({"multipliers": [SPAN | {"factor": 0}]}, "multipliers[0].factor"),
        ({"multipliers": [SPAN | {"factor": 1000.1}]}, "multipliers[0].factor"),
        ({"multipliers": [SPAN | {"factor": 1e-7}]}, "multipliers[0].factor"),
        ({"multipliers": [SPAN | {"factor": None}]}, "multipliers[0].factor"),
        ({"multipliers": [SPAN | {"until": SPAN["from"]}]}, "multipliers[0].until"),
        ({"multipliers": [SPAN | {"from": None}]}, "multipliers[0].from"),
        ({"multipliers": [SPAN, SPAN]}, "multipliers[1].from"),
        ({"multipliers": [SPAN], "aggregate": "count"}, "multipliers"),
        ({"multipliers": [SPAN | {"until": "2026-10-01T00:00:00Z"}, 7]}, "multipliers[1]"),
        ({"rewards": [{"ranks": [1, 3], "reward": "gold"}]}, "rewards"),
        ({"period": SEASON, "rewards": [{"ranks": [3, 1], "reward": "x"}]}, "rewards[0].ranks"),
        ({"period": SEASON, "rewards": [{"ranks": [0, 1], "reward": "x"}]}, "rewards[0].ranks"),
        ({"period": SEASON, "rewards": [{"ranks": [1], "reward": "x"}]}, "rewards[0].ranks"),
        ({"period": SEASON, "rewards": [{"ranks": [1, 10**6], "reward": "x"}]}, "rewards[0].ranks"),
        ({"period": SEASON, "rewards": [{"percent": 0, "reward": "x"}]}, "rewards[0].percent"),
        ({"period": SEASON, "rewards": [{"percent": 101, "reward": "x"}]}, "rewards[0].percent"),
        ({"period": SEASON, "rewards": [{"percent": 5, "ranks": [1, 2]}]}, "rewards[0].reward"),
        ({"period": SEASON, "rewards": [{"reward": "x"}]}, "rewards[0].ranks"),
        ({"period": SEASON, "rewards": [{"ranks": [1, 1]}]}, "rewards[0].reward"),
        (
            {
                "period": SEASON,
                "rewards": [{"ranks": [1, 3], "reward": "x"}, {"ranks": [3, 4], "reward": "y"}],
            },
            "rewards[1].ranks",
        ),
        ({"readers": "nobody"}, "readers"),
        ({"keepPeriods": 1001}, "keepPeriods"),
        ({"keepPeriods": -1}, "keepPeriods"),
        ({"period": {"kind": "rolling"}, "attempts": 1}, "attempts"),
        ({"period": {"kind": "rolling"}, "joinRequired": True}, "joinRequired"),
        (
            {"period": {"kind": "rolling"}, "rewards": [{"ranks": [1, 1], "reward": "x"}]},
            "rewards",
        ),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], path: str) -> None:
    assert path in refuse(**fields)


def test_all_bad_fields_are_named_at_once_and_nothing_else() -> None:
    bad = {"ties": 1, "period": {"kind": "season"}, "multipliers": [SPAN, SPAN | {"factor": -1}]}
    assert refuse(**bad).keys() == {"ties", "period.start", "period.end", "multipliers[1].factor"}


def test_what_an_answer_repeats_is_bounded() -> None:
    said = refuse(**{f"{'x' * 1000}{number}": 1 for number in range(1000)})
    assert len(said) <= 20
    assert all(len(name) <= 128 for name in said)


def test_factors_of_different_types_may_overlap_and_those_of_one_may_follow() -> None:
    later = SPAN | {"from": SPAN["until"], "until": "2026-11-03T00:00:00Z", "actionType": "boss"}
    spans = [SPAN, SPAN | {"actionType": "boss"}, SPAN | {"actionType": "run"}, later]
    assert len(decode_definition({"id": "b", "multipliers": spans}).multipliers) == 4


def test_a_definition_is_not_larger_than_its_limit() -> None:
    where = {f"metadata.{'.'.join(['x' * 64] * 7)}.{n}": {"min": 1} for n in range(16)}
    kinds = [f"{number:0100}" for number in range(50)]
    assert decode_definition({"id": "b", "where": where})
    rewards = [{"ranks": [n, n], "reward": "x" * 64} for n in range(1, 51)]
    assert refuse(where=where, actionTypes=kinds, period=SEASON, rewards=rewards).keys() == {"id"}


@pytest.mark.parametrize("document", [None, [], "x", 1])
def test_what_is_no_object_is_refused(document: object) -> None:
    with pytest.raises(InvalidPayloadError):
        decode_definition(document)


@pytest.mark.parametrize("equals", [1, 1.0, 1.5, True, "x", 0, -0.0])
def test_a_value_to_compare_with_keeps_its_kind_through_text(equals: Any) -> None:
    definition = decode_definition({"id": "b", "where": {"metadata.x": {"equals": equals}}})
    again = decode_definition(json.loads(json.dumps(encode_definition(definition))))
    (condition,) = again.where
    assert condition == definition.where[0]
    assert type(condition.equals) is type(definition.where[0].equals)
    assert condition.equals == equals
