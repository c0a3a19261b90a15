"""Clock drift: a client's time that comes twice, or jumps; a steady offset is tolerated."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.clock import FLUSH_MS
from domain.fraud.model import PASSED, Finding
from domain.fraud.profile import device_key, shorten_stamp
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class ClockDriftSettings:
    """How unsteady a client's clock may be."""

    max_deviation_seconds: float = limit(
        10, "Usual distance from the usual age that is still steady, s", minimum=1, maximum=3600
    )
    max_backwards: float = limit(
        0.3, "Share of times before the one before that counts fully", minimum=0.01, maximum=1
    )
    min_actions: float = limit(
        6, "Actions of a device before its clock is judged", minimum=2, maximum=1000
    )
    whole_second_score: float = limit(
        0.6,
        "Score of a repeated time of whole seconds, which some clients send",
        minimum=0,
        maximum=1,
    )


def check_clock_drift(action: Candidate, signals: Signals, settings: ClockDriftSettings) -> Finding:
    """Object to a time that was sent before, as a replayed body has, and to a clock that jumps.

    Ages that vary alone may be a bad network's; times that also run backwards are no queue's.
    """
    profile = signals.profile
    stamp_ms = action.timestamp_us // 1000
    if (
        shorten_stamp(stamp_ms) in profile.stamps
        and action.accepted_us // 1000 - profile.last_ms >= FLUSH_MS
    ):
        score = 1.0 if action.timestamp_us % 1_000_000 else settings.whole_second_score
        return Finding(score, "REPLAYED_TIMESTAMP", stamp_ms)
    clock = profile.find_clock(device_key(action.client))
    if clock is None or clock.observed < settings.min_actions:
        return PASSED
    over = clock.deviation_ms / 1000 - settings.max_deviation_seconds
    if over <= 0:
        return PASSED
    jumps = min(1.0, over / (2 * settings.max_deviation_seconds))
    backwards = min(1.0, clock.disorder / (1000 * settings.max_backwards))
    score = min(1.0, 0.6 * jumps + 0.6 * backwards)
    return Finding(score, "CLOCK_UNSTABLE", clock.deviation_ms / 1000)


CHECK = Check(
    name="clock_drift",
    version=1,
    reasons=("REPLAYED_TIMESTAMP", "CLOCK_UNSTABLE"),
    points=100,
    run=check_clock_drift,
    settings=ClockDriftSettings,
    needs=frozenset({Signal.PROFILE, Signal.CLIENT}),
)
