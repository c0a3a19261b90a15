"""Score rate: a score that nobody reaches in the time that the action is said to have taken."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class ScoreRateSettings:
    """How much faster than nearly everybody somebody may be."""

    max_ratio: float = limit(
        1.5, "Times the 99.9 % quantile of score per second", minimum=1, maximum=1000
    )


def check_score_rate(action: Candidate, signals: Signals, settings: ScoreRateSettings) -> Finding:
    """Object to a score per second beyond everybody's. Without a duration nothing is known."""
    duration_ms = action.duration_ms
    if duration_ms is None or not duration_ms >= 0 or action.score <= 0:
        return PASSED
    baseline = signals.baselines.get(action.action_type or "")
    if baseline is None or baseline.rate_q999 is None or not baseline.is_known:
        return PASSED
    rate = action.score * 1000 / max(1, duration_ms)
    limit_rate = baseline.rate_q999 * settings.max_ratio
    if rate <= limit_rate:
        return PASSED
    score = min(1.0, 0.5 * rate / limit_rate) if limit_rate > 0 else 1.0
    return Finding(score, "UNUSUAL_BEHAVIOUR", f"{rate:.1f} points a second")


CHECK = Check(
    name="score_rate",
    version=1,
    reasons=("UNUSUAL_BEHAVIOUR",),
    points=100,
    run=check_score_rate,
    settings=ScoreRateSettings,
    needs=frozenset({Signal.BASELINE, Signal.METADATA}),
)
