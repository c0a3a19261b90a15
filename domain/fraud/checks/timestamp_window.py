"""The timestamp window: how far the client's time may be from PostgreSQL's at intake."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signals


@dataclass(frozen=True, slots=True)
class TimestampSettings:
    """How old an action may be, and how far ahead of our clock."""

    max_age_seconds: float = limit(300, "Oldest, s", minimum=1, maximum=86400)
    max_future_seconds: float = limit(30, "Farthest in the future, s", minimum=0, maximum=86400)


def check_timestamp_window(
    action: Candidate, _signals: Signals, settings: TimestampSettings
) -> Finding:
    """Object to an action whose client time is too far from PostgreSQL's time at intake."""
    age_seconds = action.age_seconds
    if age_seconds > settings.max_age_seconds:
        return Finding(1.0, "STALE_TIMESTAMP", age_seconds)
    if -age_seconds > settings.max_future_seconds:
        return Finding(1.0, "FUTURE_TIMESTAMP", age_seconds)
    return PASSED


CHECK = Check(
    name="timestamp_window",
    version=1,
    reasons=("STALE_TIMESTAMP", "FUTURE_TIMESTAMP"),
    points=1000,
    run=check_timestamp_window,
    settings=TimestampSettings,
)
