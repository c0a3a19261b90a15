"""The score cap: the most that one action may earn."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signals


@dataclass(frozen=True, slots=True)
class ScoreCapSettings:
    """The most that one action may earn."""

    max_score: float = limit(1000, "Largest score of one action", minimum=1, maximum=2**31 - 1)


def check_score_cap(action: Candidate, _signals: Signals, settings: ScoreCapSettings) -> Finding:
    """Object to an action that earns more than the cap."""
    if action.score > settings.max_score:
        return Finding(1.0, "SCORE_TOO_HIGH", action.score)
    return PASSED


CHECK = Check(
    name="score_cap",
    version=1,
    reasons=("SCORE_TOO_HIGH",),
    points=1000,
    run=check_score_cap,
    settings=ScoreCapSettings,
)
