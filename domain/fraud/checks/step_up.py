"""Step-up: a score so high that a second factor or a game server's signature must vouch for it."""

from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signals


@dataclass(frozen=True, slots=True)
class StepUpSettings:
    """From which score on something must vouch for it."""

    min_score: float = limit(
        0,
        "Score above which something must vouch for the action; 0: never",
        minimum=0,
        maximum=2**31 - 1,
    )


def check_step_up(action: Candidate, _signals: Signals, settings: StepUpSettings) -> Finding:
    """Object to an action of high value that nothing vouches for."""
    if action.step_up or not 0 < settings.min_score < action.score:
        return PASSED
    return Finding(1.0, "STEP_UP_REQUIRED", action.score)


CHECK = Check(
    name="step_up",
    version=1,
    reasons=("STEP_UP_REQUIRED",),
    points=100,
    run=check_step_up,
    settings=StepUpSettings,
)
