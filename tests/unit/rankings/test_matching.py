"""Which actions a board is for, and which segment they belong to."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.rankings.definition import Condition, PeriodKind, PeriodRule, Segment
from domain.rankings.model import MAX_VALUE, Contribution, PlayerFacts, Reason
from tests.unit.rankings.one_action import AT, count, make_rule

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("condition", "met", "unmet"),
    [
        (Condition(("x",), "equals", equals=1), [1, 1.0], [True, "1", 2, None, [1], {}]),
        (Condition(("x",), "equals", equals=1.0), [1, 1.0], [True, "1.0"]),
        (Condition(("x",), "equals", equals=0), [0, 0.0, -0.0], [False, None, ""]),
        (Condition(("x",), "equals", equals=True), [True], [1, 1.0, "true", False]),
        (Condition(("x",), "equals", equals=False), [False], [0, 0.0, "", None]),
        (Condition(("x",), "equals", equals="de"), ["de"], ["DE", "", None, ["de"], 1]),
        (Condition(("x",), "equals", equals=0.1), [0.1], [0.10000000000000002]),
        (
            Condition(("x",), "range", minimum=Decimal("0.1"), maximum=Decimal("2.3")),
            [0.1, 1, 2.3, 2],
            [0.09999999999999999, 2.3000000000000003, 0, 3, "1", True, None, [1]],
        ),
        # Their doubles are a little more, and a little less.
        (Condition(("x",), "range", maximum=Decimal("0.1")), [0.1], [0.10000000000000002]),
        (Condition(("x",), "range", minimum=Decimal("2.3")), [2.3], [2.2999999999999994]),
        (Condition(("x",), "range", minimum=Decimal(5)), [5, 10**30, 1e300], [4.999, -(10**30)]),
        (Condition(("x",), "range", maximum=Decimal(5)), [5, -(10**30)], [5.001, 10**30]),
        (Condition(("x",), "present"), [0, False, "", [], {}], [None]),
        (Condition(("x",), "present", present=False), [None], [0, False, ""]),
    ],
)
def test_a_condition_is_strict_about_types(
    condition: Condition, met: list[Any], unmet: list[Any]
) -> None:
    shallow = make_rule(where=(condition,))
    deep = make_rule(where=(condition._replace(path=("a", "b")),))
    for found, expected in [*((each, True) for each in met), *((each, False) for each in unmet)]:
        assert (count(shallow, {"x": found}) is not None) is expected, found
        assert (count(deep, {"a": {"b": found}}) is not None) is expected, found
    wants_nothing = condition.kind == "present" and not condition.present
    assert (count(shallow, {}) is not None) is wants_nothing
    assert (count(deep, {"a": 5}) is not None) is wants_nothing
    assert (count(shallow) is not None) is wants_nothing


def test_every_condition_must_hold() -> None:
    rule = make_rule(where=(Condition(("x",), "present"), Condition(("y",), "present")))
    assert count(rule, {"x": 1}) is count(rule, {"y": 1}) is None
    assert count(rule, {"x": 1, "y": 1}) is not None


def test_a_board_is_only_for_its_types_and_its_season() -> None:
    rule = make_rule(
        action_types=("win",), period=PeriodRule(PeriodKind.SEASON, start=AT, end=AT + MINUTE)
    )
    assert count(rule) is not None
    assert count(rule, action_type="lose") is count(rule, action_type=None) is None
    assert count(rule, at=AT - MINUTE) is count(rule, at=AT + MINUTE) is None
    assert count(rule) is not None


@pytest.mark.parametrize(
    ("found", "segment"),
    [
        ("DE", "DE"),
        ("é" * 64, "é" * 64),
        (5, "5"),
        (-1, "-1"),
        (0, "0"),
        (True, "true"),
        (False, "false"),
        (MAX_VALUE, str(MAX_VALUE)),
        ("", None),
        ("x" * 65, None),
        (MAX_VALUE + 1, None),
        (10**30, None),
        (1.0, "1"),
        (-0.0, "0"),
        (1e2, "100"),
        (1.5, None),
        (1e300, None),
        (None, None),
        (["DE"], None),
        ({}, None),
        # PostgreSQL stores neither.
        ("a\0b", None),
        ("\ud800", None),
    ],
)
def test_a_segment_is_a_text_a_whole_number_or_a_boolean(
    found: object, segment: str | None
) -> None:
    counted = count(make_rule(segment=Segment(path=("country",))), {"country": found})
    if segment is None:
        assert counted is Reason.SEGMENT_MISSING
    else:
        assert isinstance(counted, Contribution)
        assert counted.segment == segment


def test_a_segment_may_be_what_a_game_knows_of_its_player() -> None:
    rule = make_rule(segment=Segment(attribute="country"))
    found = count(rule, {"country": "NP"}, player=PlayerFacts({"country": "DE"}, {}))
    assert isinstance(found, Contribution)
    assert found.segment == "DE"
    for player in (None, PlayerFacts({}, {}), PlayerFacts({"country": ""}, {})):
        assert count(rule, {"country": "NP"}, player=player) is Reason.SEGMENT_MISSING
