"""Regularity: actions at intervals that are too alike for a person."""

from dataclasses import dataclass
from math import log

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.profile import PAUSE_MS, SHORTEST_MS
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class RegularitySettings:
    """How alike intervals may be."""

    min_intervals: float = limit(
        18, "Intervals before anything is said of jittered ones", minimum=5, maximum=20
    )
    min_exact: float = limit(8, "The same of nearly equal ones", minimum=5, maximum=20)
    max_spread: float = limit(
        0.65, "ln(longest / shortest) up to which they are too alike", minimum=0.01, maximum=5
    )
    exact_spread: float = limit(0.15, "The same of nearly equal ones", minimum=0.001, maximum=5)
    unknown_score: float = limit(
        0.5, "Score while everybody's intervals are not known", minimum=0, maximum=1
    )


def check_regularity(action: Candidate, signals: Signals, settings: RegularitySettings) -> Finding:
    """Object when the player's last intervals lie within a narrow band.

    The range of ln(interval) is judged, not its deviation: jitter has an end (of 30 % each way,
    ln(1.3 / 0.7) = 0.62), while people's intervals have long tails, which within twenty intervals
    reach far beyond it. The longest of nearly equal ones does not count: a bot may rest. Where the
    game itself sets the pace, everybody's intervals are alike, and the band is narrower.
    """
    profile = signals.profile
    count = len(profile.intervals) + 1
    gap_ms = action.accepted_us // 1000 - profile.last_ms
    if count < settings.min_exact or not SHORTEST_MS <= gap_ms <= PAUSE_MS:
        return PASSED
    ordered = sorted([*profile.intervals, int(log(gap_ms) * 100)])
    spread = (ordered[-2] - ordered[0]) / 100
    if spread > settings.exact_spread:
        spread = (ordered[-1] - ordered[0]) / 100
        if spread > settings.max_spread or count < settings.min_intervals:
            return PASSED
    usual = _find_usual(action, signals)
    if usual is not None and spread >= 3 * usual:
        return PASSED
    score = settings.unknown_score if usual is None else 1.0
    return Finding(score, "UNUSUAL_BEHAVIOUR", f"{count} intervals within ln {spread:.2f}")


def _find_usual(action: Candidate, signals: Signals) -> float | None:
    """Return how far everybody's ln(interval) usually lies from its median, None if unknown."""
    baseline = signals.baselines.get(action.action_type or "")
    return baseline.interval_mad if baseline is not None and baseline.is_known else None


CHECK = Check(
    name="regularity",
    version=1,
    reasons=("UNUSUAL_BEHAVIOUR",),
    points=100,
    run=check_regularity,
    settings=RegularitySettings,
    needs=frozenset({Signal.PROFILE, Signal.BASELINE}),
)
