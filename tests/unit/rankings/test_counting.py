"""What one action is worth on one board, and every reason why it is worth nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.rankings.counting import Counts, parse_metadata
from domain.rankings.definition import (
    Aggregate,
    Condition,
    Direction,
    Multiplier,
    PeriodKind,
    PeriodRule,
    Segment,
    TieBreaker,
    ValueSource,
)
from domain.rankings.model import (
    MAX_VALUE,
    Contribution,
    PlayerFacts,
    Reason,
    Tally,
)
from tests.unit.rankings.one_action import AT, count, make_action, make_rule

MINUTE = timedelta(minutes=1)
SECONDS = ValueSource("metadata.seconds")


def value_of(found: Counts) -> int | Reason:
    if isinstance(found, Contribution):
        return found.tally.value
    assert found is not None
    return found


def test_a_plain_board_counts_the_score() -> None:
    found = count(make_rule(period=PeriodRule(PeriodKind.DAILY)))
    assert isinstance(found, Contribution)
    assert found.period.key == "2026-11-26"
    assert found.segment == ""
    assert found.tally == Tally(10, (), 7, is_moved=True, counted=1)


def test_a_score_of_nothing_does_not_move_a_sum() -> None:
    found = count(make_rule(), score=0)
    assert isinstance(found, Contribution)
    assert not found.tally.is_moved


@pytest.mark.parametrize(
    ("decimals", "written", "value"),
    [
        (0, "5", 5),
        (0, "5.0", 5),
        (0, "-0.0", 0),
        # Half goes to the even neighbour.
        (0, "0.5", 0),
        (0, "1.5", 2),
        (0, "-2.5", -2),
        # As it is written, not as the double that it becomes, which is a little less.
        (2, "1.005", 100),
        (2, "1.015", 102),
        (2, "2.675", 268),
        (3, "1e-3", 1),
        (2, "7", 700),
        (0, "5e-324", 0),
        (0, str(MAX_VALUE), MAX_VALUE),
        (0, str(-MAX_VALUE), -MAX_VALUE),
        (0, str(MAX_VALUE + 1), Reason.VALUE_INVALID),
        (0, str(-MAX_VALUE - 1), Reason.VALUE_INVALID),
        # In range, but not with its decimals.
        (1, str(MAX_VALUE), Reason.VALUE_INVALID),
        (0, "1e300", Reason.VALUE_INVALID),
        (0, "-1e16", Reason.VALUE_INVALID),
        (0, "1" * 400, Reason.VALUE_INVALID),
        (0, "1" * 4000, Reason.VALUE_INVALID),
        (0, "true", Reason.VALUE_INVALID),
        (0, '"5"', Reason.VALUE_INVALID),
        (0, "[5]", Reason.VALUE_INVALID),
        (0, "{}", Reason.VALUE_INVALID),
        (0, "null", Reason.VALUE_MISSING),
    ],
)
def test_a_number_of_the_metadata_is_taken_as_written(
    decimals: int, written: str, value: int | Reason
) -> None:
    rule = make_rule(value=SECONDS, decimals=decimals)
    text = f'{{"seconds": {written}}}'
    assert value_of(rule.contribute(make_action(text), parse_metadata(text), None)) == value


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_of_json_is_none_here(number: float) -> None:
    rule = make_rule(value=SECONDS)
    assert rule.contribute(make_action(), {"seconds": number}, None) is Reason.VALUE_INVALID
    limits = Condition(("seconds",), "range", maximum=Decimal(5))
    assert make_rule(where=(limits,)).contribute(make_action(), {"seconds": number}, None) is None


@pytest.mark.parametrize("metadata", [None, {}, {"level": 1}, {"seconds": None}])
def test_a_value_that_is_not_there_is_missing(metadata: object) -> None:
    assert count(make_rule(value=SECONDS), metadata) is Reason.VALUE_MISSING


@pytest.mark.parametrize(
    ("metadata", "value"),
    [
        ({"run": {"time": {"seconds": 3}}}, 3),
        ({"run": {"time": 3}}, Reason.VALUE_MISSING),
        ({"run": [{"seconds": 3}]}, Reason.VALUE_MISSING),
        ({"run.time.seconds": 3}, Reason.VALUE_MISSING),
        ({"run": {"time": {"seconds": {}}}}, Reason.VALUE_INVALID),
    ],
)
def test_a_path_goes_down_objects(metadata: object, value: int | Reason) -> None:
    rule = make_rule(value=ValueSource("metadata.run.time.seconds"))
    assert value_of(count(rule, metadata)) == value


def test_columns_are_read_like_the_value() -> None:
    rule = make_rule(
        tie_breakers=(
            TieBreaker(SECONDS, Direction.ASC),
            TieBreaker(ValueSource("score"), Direction.DESC),
            TieBreaker(ValueSource("1"), Direction.DESC),
        ),
        decimals=1,
    )
    found = count(rule, {"seconds": 1.25})
    assert isinstance(found, Contribution)
    assert found.tally == Tally(100, (12, 100, 10), 7, is_moved=True, counted=1)
    assert count(rule, {}) is Reason.VALUE_MISSING
    assert count(rule, {"seconds": "x"}) is Reason.VALUE_INVALID


def test_a_count_looks_at_no_value_and_knows_no_factor() -> None:
    double = Multiplier(AT, AT + MINUTE, None, Decimal(2))
    rule = make_rule(
        aggregate=Aggregate.COUNT, value=SECONDS, decimals=2, multipliers=(double,), attempts=3
    )
    found = count(rule)
    assert isinstance(found, Contribution)
    assert found.tally == Tally(100, (), 7, is_moved=True, counted=1, attempts=((7, 100, ()),))


def test_factors_hold_in_their_span_for_their_type_and_are_multiplied() -> None:
    rule = make_rule(
        multipliers=(
            Multiplier(AT, AT + 2 * MINUTE, None, Decimal("1.5")),
            Multiplier(AT + MINUTE, AT + 3 * MINUTE, "win", Decimal("0.1")),
        ),
        tie_breakers=(TieBreaker(ValueSource("score"), Direction.DESC),),
    )
    worth = [
        [
            value_of(count(rule, score=30, action_type=kind, at=AT + minutes * MINUTE))
            for minutes in (-1, 0, 1, 2, 3)
        ]
        for kind in ("win", "lose", None)
    ]
    # 4.5 is rounded once, at the end.
    assert worth == [[30, 45, 4, 3, 30], [30, 45, 45, 30, 30], [30, 45, 45, 30, 30]]
    found = count(rule, score=30)
    assert isinstance(found, Contribution)
    assert found.tally.columns == (30,)


def test_a_factor_may_bring_a_number_into_range_and_out_of_it() -> None:
    tenth = make_rule(
        multipliers=(Multiplier(AT, AT + MINUTE, None, Decimal("0.1")),), value=SECONDS
    )
    assert value_of(count(tenth, {"seconds": 10 * MAX_VALUE})) == MAX_VALUE
    assert value_of(count(tenth, {"seconds": 10 * MAX_VALUE + 10})) is Reason.VALUE_INVALID
    nothing = make_rule(multipliers=(Multiplier(AT, AT + MINUTE, None, Decimal("0E+20")),))
    assert value_of(count(nothing)) == 0


def test_a_board_to_join_counts_from_the_moment_of_joining() -> None:
    rule = make_rule(join_required=True)
    joined = PlayerFacts({}, {"runs": AT, "other": AT - MINUTE})
    assert isinstance(count(rule, player=joined), Contribution)
    assert count(rule, player=joined, at=AT - MINUTE) is Reason.NOT_JOINED
    assert count(rule, player=PlayerFacts({}, {"other": AT})) is Reason.NOT_JOINED
    assert count(rule) is Reason.NOT_JOINED


def test_the_first_reason_of_several_is_given() -> None:
    rule = make_rule(
        join_required=True,
        segment=Segment(path=("country",)),
        value=ValueSource("metadata.level"),
        tie_breakers=(TieBreaker(SECONDS, Direction.ASC),),
    )
    player = PlayerFacts({}, {"runs": AT})
    assert count(rule) is Reason.NOT_JOINED
    assert count(rule, player=player) is Reason.SEGMENT_MISSING
    assert count(rule, {"country": "DE"}, player=player) is Reason.VALUE_MISSING
    wrong = {"country": "DE", "level": "x"}
    assert count(rule, wrong, player=player) is Reason.VALUE_INVALID


def test_the_period_follows_the_intake_time_of_each_action() -> None:
    rule = make_rule(period=PeriodRule(PeriodKind.DAILY))
    midnight = datetime(2026, 11, 27, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    keys = []
    for at in (midnight - tick, midnight, midnight - tick, midnight, midnight - 5 * MINUTE):
        found = count(rule, at=at)
        assert isinstance(found, Contribution)
        keys.append(found.period.key[-2:])
    assert keys == ["26", "27", "26", "27", "26"]


def test_metadata_is_parsed_whatever_intake_took() -> None:
    assert parse_metadata(None) == parse_metadata("[1]") == {}
    assert parse_metadata('{"a": 1}') == {"a": 1}
    assert parse_metadata('{"a": "\\ud800"}') == {"a": "\ud800"}
