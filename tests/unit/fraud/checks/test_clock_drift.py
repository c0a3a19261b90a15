"""Clock drift: repeated times, clocks that jump, and what an honest bad network looks like."""

import pytest

from domain.fraud.profile import Profile
from domain.fraud.signals import Signals
from tests.unit.fraud.makers import find, make_candidate, make_client, passes, play

CLIENT = make_client()


def play_ages(*ages: float, every_seconds: float = 30) -> Signals:
    """Return the signals after actions of these ages, one every so often."""
    return play(
        Profile(),
        *(
            make_candidate(at_seconds=every_seconds * number, age_seconds=age, client=CLIENT)
            for number, age in enumerate(ages)
        ),
    )


def test_a_time_that_was_sent_before_is_a_replay() -> None:
    body = make_candidate(age_seconds=0.123, client=CLIENT)
    again = make_candidate(at_seconds=20, timestamp_us=body.timestamp_us, client=CLIENT)
    found = find("clock_drift", again, play(Profile(), body))
    assert (found.score, found.reason) == (1.0, "REPLAYED_TIMESTAMP")


def test_bodies_replayed_in_turn_are_found_too() -> None:
    bodies = [
        make_candidate(at_seconds=number, age_seconds=0.5 + number / 7, client=CLIENT)
        for number in range(8)
    ]
    signals = play(Profile(), *bodies)
    for body in bodies:
        again = body._replace(accepted_us=body.accepted_us + 60_000_000)
        assert find("clock_drift", again, signals).reason == "REPLAYED_TIMESTAMP"


def test_a_replay_from_another_device_is_one() -> None:
    body = make_candidate(age_seconds=0.123, client=CLIENT)
    again = make_candidate(at_seconds=20, timestamp_us=body.timestamp_us, client=make_client(2))
    assert find("clock_drift", again, play(Profile(), body)).score == 1.0


def test_whole_seconds_may_repeat_by_chance_and_count_less() -> None:
    body = make_candidate(age_seconds=1, client=CLIENT)
    again = make_candidate(at_seconds=20, timestamp_us=body.timestamp_us, client=CLIENT)
    assert find("clock_drift", again, play(Profile(), body)).score == 0.6


def test_one_time_for_actions_that_came_together_is_no_replay() -> None:
    body = make_candidate(age_seconds=0.123, client=CLIENT)
    together = make_candidate(at_seconds=1.9, timestamp_us=body.timestamp_us, client=CLIENT)
    assert passes("clock_drift", together, play(Profile(), body))


@pytest.mark.parametrize("offset", [0, 100, -25])
def test_a_steady_offset_is_tolerated(offset: float) -> None:
    signals = play_ages(*[offset + number % 3 for number in range(40)])
    assert passes("clock_drift", make_candidate(at_seconds=2000, age_seconds=offset), signals)


def test_a_clock_that_jumps_back_and_forth_is_found() -> None:
    signals = play_ages(*[(number * 137) % 280 - 20 for number in range(15)])
    found = find("clock_drift", make_candidate(at_seconds=900, client=CLIENT), signals)
    assert (found.score, found.reason) == (1.0, "CLOCK_UNSTABLE")


def test_of_few_actions_nothing_is_said() -> None:
    signals = play_ages(*[(number * 137) % 280 - 20 for number in range(5)])
    assert passes("clock_drift", make_candidate(at_seconds=900, client=CLIENT), signals)


def test_a_network_that_is_away_now_and_then_does_not_hold() -> None:
    """Actions are kept while there is no network, and sent in order when it is back."""
    profile, at = Profile(), 0.0
    actions = []
    for _ in range(12):
        for _ in range(4):
            at += 40
            actions.append((at, 0.2))
        ages = (250.0, 200.0, 120.0, 30.0)
        at += 260
        actions += [(at + number / 10, age) for number, age in enumerate(ages)]
    for when, age in actions:
        action = make_candidate(at_seconds=when, age_seconds=age, client=CLIENT)
        found = find("clock_drift", action, Signals(profile=profile))
        assert found.score <= 0.6
        play(profile, action)
