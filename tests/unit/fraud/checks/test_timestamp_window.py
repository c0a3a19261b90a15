"""The timestamp window allows for a clock that is steadily wrong, up to a limit."""

import pytest

from domain.fraud.model import Verdict
from domain.fraud.profile import Profile
from domain.fraud.signals import Signals
from tests.unit.fraud.makers import find, make_candidate, make_client, passes, play


def signals_of_clock(
    age_seconds: float, *, actions: int = 5, verdict: Verdict = Verdict.PASS
) -> Signals:
    """Return the signals of a player whose actions have had this age."""
    sent = [
        make_candidate(at_seconds=60 * number, age_seconds=age_seconds, client=make_client())
        for number in range(actions)
    ]
    return play(Profile(), *sent, verdict=verdict)


@pytest.mark.parametrize(
    ("offset", "age", "is_well"),
    [
        (-45, -45, True),
        (-45, -75, True),
        (-45, -75.1, False),
        (-120, -120, True),
        (-121, -121, False),
        (100, 400, True),
        (100, 400.1, False),
        (0, 301, False),
    ],
)
def test_a_steady_offset_is_allowed_for_up_to_its_limit(
    offset: float, age: float, is_well: bool
) -> None:
    signals = signals_of_clock(offset)
    action = make_candidate(at_seconds=900, age_seconds=age, client=make_client())
    assert passes("timestamp_window", action, signals) is is_well


def test_a_clock_is_known_after_five_actions_that_agree() -> None:
    action = make_candidate(at_seconds=900, age_seconds=-45, client=make_client())
    assert not passes("timestamp_window", action, signals_of_clock(-45, actions=4))
    assert passes("timestamp_window", action, signals_of_clock(-45, actions=5))


def test_a_fast_clock_is_learned_although_its_actions_are_rejected() -> None:
    signals = signals_of_clock(-45, verdict=Verdict.REJECT)
    action = make_candidate(at_seconds=900, age_seconds=-45, client=make_client())
    assert passes("timestamp_window", action, signals)


def test_the_offset_of_one_device_does_not_count_for_another() -> None:
    action = make_candidate(at_seconds=900, age_seconds=-45, client=make_client(2))
    assert find("timestamp_window", action, signals_of_clock(-45)).reason == "FUTURE_TIMESTAMP"


def test_what_is_inside_the_window_passes_whatever_the_clock_is_known_for() -> None:
    action = make_candidate(at_seconds=900, age_seconds=290, client=make_client())
    assert passes("timestamp_window", action, signals_of_clock(-100))


def test_one_late_action_does_not_unmake_a_known_clock() -> None:
    signals = signals_of_clock(-45, actions=20)
    late = make_candidate(at_seconds=1200, age_seconds=100, client=make_client())
    signals.profile.observe(late, Verdict.PASS)
    action = make_candidate(at_seconds=1300, age_seconds=-45, client=make_client())
    assert passes("timestamp_window", action, signals)
