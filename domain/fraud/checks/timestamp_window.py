"""The timestamp window: how far the client's time may be from PostgreSQL's at intake."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.profile import device_key
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class TimestampSettings:
    """How old an action may be, and how far ahead of our clock."""

    max_age_seconds: float = limit(300, "Oldest, s", minimum=1, maximum=86400)
    max_future_seconds: float = limit(30, "Farthest in the future, s", minimum=0, maximum=86400)
    max_offset_seconds: float = limit(
        120,
        "Largest steady offset of a client's clock that is allowed for, s; 0: none",
        minimum=0,
        maximum=86400,
    )


def check_timestamp_window(
    action: Candidate, signals: Signals, settings: TimestampSettings
) -> Finding:
    """Object to an action whose client time is too far from PostgreSQL's time at intake.

    One that would be is judged by the client's clock, where that is known to be steady: without
    that, a phone that is 45 s fast could not play.
    """
    age_seconds = action.age_seconds
    if -settings.max_future_seconds <= age_seconds <= settings.max_age_seconds:
        return PASSED
    clock = signals.profile.find_clock(device_key(action.client))
    if clock is not None and clock.is_known:
        offset_seconds = clock.offset_ms / 1000
        if abs(offset_seconds) <= settings.max_offset_seconds:
            age_seconds -= offset_seconds
    if age_seconds > settings.max_age_seconds:
        return Finding(1.0, "STALE_TIMESTAMP", age_seconds)
    if -age_seconds > settings.max_future_seconds:
        return Finding(1.0, "FUTURE_TIMESTAMP", age_seconds)
    return PASSED


CHECK = Check(
    name="timestamp_window",
    version=2,
    reasons=("STALE_TIMESTAMP", "FUTURE_TIMESTAMP"),
    points=1000,
    run=check_timestamp_window,
    settings=TimestampSettings,
    needs=frozenset({Signal.PROFILE, Signal.CLIENT}),
    needed_if=lambda settings: settings.max_offset_seconds > 0,
)
