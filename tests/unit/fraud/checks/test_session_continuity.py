"""Session continuity, at the boundaries of a session's owner, its end, its time and its devices."""

from typing import Any

import pytest

from domain.fraud.model import Verdict
from domain.fraud.signals import PlaySession, Signals
from tests.unit.fraud.makers import (
    HOUR_US,
    NOON_US,
    SECOND_US,
    SESSION,
    find,
    make_candidate,
    make_client,
    make_session,
    passes,
)

CHECK = "session_continuity"


def make_signals(session: PlaySession | None = None) -> Signals:
    return Signals(sessions={SESSION: session or make_session()})


def make_played(**overrides: Any) -> Any:
    return make_candidate(**{"session_id": SESSION, "at_seconds": 100, **overrides})


def test_without_a_session_nothing_is_said() -> None:
    assert passes(CHECK, make_candidate(), make_signals())


def test_an_action_of_a_running_session_passes() -> None:
    assert passes(CHECK, make_played(client=make_client(), duration_ms=90_000.0), make_signals())


def test_an_unknown_session_is_invalid() -> None:
    assert find(CHECK, make_played()).reason == "SESSION_INVALID"


def test_another_player_s_session_is_invalid() -> None:
    found = find(CHECK, make_played(user_id="somebody else"), make_signals())
    assert (found.score, found.reason, found.seen) == (1.0, "SESSION_INVALID", "another player's")


@pytest.mark.parametrize(("late_seconds", "reason"), [(300, None), (301, "SESSION_INVALID")])
@pytest.mark.parametrize("end", ["ended_us", "expires_us"])
def test_an_action_may_arrive_so_long_after_the_session_s_end(
    end: str, late_seconds: float, reason: str | None
) -> None:
    session = make_session(**{end: NOON_US + HOUR_US})
    action = make_played(at_seconds=3600 + late_seconds)
    assert find(CHECK, action, make_signals(session)).reason == reason


@pytest.mark.parametrize(
    ("claimed_ms", "duration_ms", "reason"),
    [
        (0, 100_000 * 1.1 + 60_000, None),
        (0, 100_000 * 1.1 + 60_001, "SESSION_DURATION"),
        (100_000, 70_000, None),
        (100_000, 70_001, "SESSION_DURATION"),
        (100_000, None, None),
        (100_000, float("nan"), None),
        (0, float("inf"), "SESSION_DURATION"),
    ],
)
def test_durations_may_not_claim_more_than_the_time_elapsed(
    claimed_ms: int, duration_ms: float | None, reason: str | None
) -> None:
    signals = make_signals(make_session(claimed_ms=claimed_ms))
    assert find(CHECK, make_played(duration_ms=duration_ms), signals).reason == reason


@pytest.mark.parametrize(
    ("switches", "device", "reason"),
    [(2, 1, None), (1, 2, None), (2, 2, "SESSION_SHARED"), (3, 1, "SESSION_SHARED")],
)
def test_the_device_may_change_twice(switches: int, device: int, reason: str | None) -> None:
    session = make_session(last_device=make_client(1).device, switches=switches)
    action = make_played(client=make_client(device))
    assert find(CHECK, action, make_signals(session)).reason == reason


def test_a_session_counts_durations_of_what_passed_and_changes_of_device() -> None:
    session = make_session()
    for device, duration in ((1, 1000.0), (2, 500.0), (2, None), (1, float("nan")), (1, -5.0)):
        session.observe(make_played(client=make_client(device), duration_ms=duration), Verdict.PASS)
    session.observe(make_played(client=None), Verdict.PASS)
    session.observe(make_played(client=None, duration_ms=9000.0), Verdict.QUARANTINE)
    assert (session.claimed_ms, session.switches) == (1500, 2)
    assert session.last_device == make_client(1).device
    assert session.is_changed


def test_a_session_s_numbers_fit_into_their_columns() -> None:
    session = make_session(switches=32_767, last_device=make_client(1).device, claimed_ms=10**15)
    session.observe(make_played(client=make_client(2), duration_ms=1e14), Verdict.PASS)
    assert (session.switches, session.claimed_ms) == (32_767, 10**15)


def test_the_times_of_a_session_are_the_server_s() -> None:
    """A client that says its action was longer ago gets no more time for it."""
    action = make_played(age_seconds=280, duration_ms=200_000.0)
    assert action.timestamp_us < NOON_US + 100 * SECOND_US
    assert find(CHECK, action, make_signals()).reason == "SESSION_DURATION"
