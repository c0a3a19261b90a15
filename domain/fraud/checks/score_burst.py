"""Score burst: how much a player may earn in an hour before somebody looks at it."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class ScoreBurstSettings:
    """How much a player may earn in an hour."""

    max_per_hour: float = limit(10_000, "Sum of scores in 3600 s", minimum=1, maximum=2**53 - 1)


def check_score_burst(action: Candidate, signals: Signals, settings: ScoreBurstSettings) -> Finding:
    """Object to an action that brings the hour's sum, its own included, above the limit."""
    total = signals.window.score_last_hour + action.score
    if total > settings.max_per_hour:
        return Finding(1.0, "SCORE_BURST", total)
    return PASSED


CHECK = Check(
    name="score_burst",
    version=1,
    reasons=("SCORE_BURST",),
    points=100,
    run=check_score_burst,
    settings=ScoreBurstSettings,
    needs=frozenset({Signal.WINDOW}),
)
