"""Pace: action after action faster than nearly everybody."""

from dataclasses import dataclass
from math import log

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """How much faster than nearly everybody somebody may be, and for how long."""

    actions: float = limit(8, "Intervals that are judged", minimum=3, maximum=20)
    max_ratio: float = limit(
        1.5, "Times faster than the fastest 1 % of everybody's intervals", minimum=1, maximum=100
    )


def check_pace(action: Candidate, signals: Signals, settings: PaceSettings) -> Finding:
    """Object when the mean of the last intervals is below what 1 % of all single ones are."""
    count = int(settings.actions)
    intervals = signals.profile.intervals
    if len(intervals) < count:
        return PASSED
    baseline = signals.baselines.get(action.action_type or "")
    if baseline is None or baseline.interval_q01 is None or not baseline.is_known:
        return PASSED
    mean = sum(intervals[-count:]) / (100 * count)
    if mean >= baseline.interval_q01 - log(settings.max_ratio):
        return PASSED
    return Finding(1.0, "UNUSUAL_BEHAVIOUR", f"mean of ln(interval in ms) {mean:.2f}")


CHECK = Check(
    name="pace",
    version=1,
    reasons=("UNUSUAL_BEHAVIOUR",),
    points=60,
    run=check_pace,
    settings=PaceSettings,
    needs=frozenset({Signal.PROFILE, Signal.BASELINE}),
)
