"""The baseline: quantiles of everybody's actions, and their JSON."""

from math import e, log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fraud.baseline import Baseline, BaselineRow, baseline_of
from domain.fraud.habit import ln_of
from tests.unit.fraud.makers import make_baseline

JSON = make_baseline().to_json()


def test_it_describes_scores_rates_and_intervals() -> None:
    rows = [BaselineRow(number, 1000.0, e * 1000) for number in range(1, 1001)]
    found = baseline_of(rows)
    assert found is not None
    assert (found.actions, found.score_median, found.score_q99) == (1000, 501, 991)
    assert found.ln_median == pytest.approx(ln_of(501))
    assert found.ln_mad == pytest.approx(0.5, abs=0.2)
    assert (found.rate_median, found.rate_q999) == (501, 1000)
    assert found.interval_median == found.interval_q01 == pytest.approx(log(1000) + 1)
    assert found.interval_mad == 0
    assert found.is_known


def test_of_few_durations_and_intervals_nothing_is_known() -> None:
    known = [BaselineRow(5, 1000.0, 1000.0)] * 499
    unknown = [BaselineRow(5, duration, duration) for duration in (None, 0.0, float("nan"))]
    found = baseline_of([*known, *unknown])
    assert found is not None
    assert (found.actions, found.rate_q999, found.interval_q01) == (502, None, None)


def test_without_actions_there_is_none() -> None:
    assert baseline_of([]) is None
    few = baseline_of([BaselineRow(1, None, None)] * 499)
    assert few is not None
    assert not few.is_known


@given(
    st.lists(
        st.builds(
            BaselineRow,
            st.integers(-5, 2**63),
            st.none() | st.floats(),
            st.none() | st.floats(),
        )
    )
)
def test_any_rows_make_one_that_is_the_same_after_its_json(rows: list[BaselineRow]) -> None:
    found = baseline_of(rows)
    assert found is None or Baseline.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    "value",
    [
        {},
        {**JSON, "more": 1},
        {**JSON, "ln_mad": None},
        {**JSON, "ln_mad": "1"},
        {**JSON, "ln_mad": True},
        {**JSON, "rate_q999": float("inf")},
        [],
        None,
    ],
)
def test_what_is_no_baseline_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="no baseline"):
        Baseline.from_json(value)
