"""Step-up: above its score something must vouch for an action."""

import pytest

from tests.unit.fraud.makers import find, make_candidate, passes


@pytest.mark.parametrize(
    ("min_score", "score", "step_up", "is_well"),
    [
        (0, 10**6, 0, True),
        (500, 500, 0, True),
        (500, 501, 0, False),
        (500, 501, 1, True),
        (500, 501, 2, True),
    ],
)
def test_an_action_of_high_value_needs_a_step_up(
    min_score: float, score: int, step_up: int, is_well: bool
) -> None:
    action = make_candidate(score=score, step_up=step_up)
    assert passes("step_up", action, min_score=min_score) is is_well
    reason = find("step_up", action, min_score=min_score).reason
    assert reason == (None if is_well else "STEP_UP_REQUIRED")
