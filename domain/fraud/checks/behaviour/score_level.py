"""Score level: scores always at the top, and one that is far from all that came before."""

from dataclasses import dataclass
from math import inf

from domain.fraud.baseline import Baseline
from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.habit import Habit, ln_of, type_key
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class ScoreLevelSettings:
    """What is too high, for too long or at once."""

    max_score: float = limit(1000, "Largest score of one action", minimum=1, maximum=2**31 - 1)
    near_share: float = limit(0.9, "Share of it that is near the top", minimum=0.5, maximum=1)
    max_run: float = limit(10, "Scores in a row that may be near the top", minimum=3, maximum=1000)
    own_deviations: float = limit(
        5, "Deviations of ln(score) above the player's own mean", minimum=2, maximum=100
    )
    all_deviations: float = limit(
        3, "Deviations of ln(score) above everybody's median", minimum=1, maximum=100
    )
    beyond_ratio: float = limit(
        2,
        "Times everybody's 99 % quantile, beyond what a player may jump to",
        minimum=1,
        maximum=1000,
    )
    beyond_own: float = limit(
        2,
        "Deviations above its own mean, where it has one, of such a jump",
        minimum=0,
        maximum=100,
    )
    unknown_score: float = limit(
        0.5, "Score of many near the top while everybody's are not known", minimum=0, maximum=1
    )
    own_score: float = limit(
        0.6, "Score of one that is far above the player's own alone", minimum=0, maximum=1
    )


def check_score_level(action: Candidate, signals: Signals, settings: ScoreLevelSettings) -> Finding:
    """Object to a player who is always near the top, and to a score that nothing led up to."""
    habit = signals.profile.find_habit(type_key(action.action_type))
    baseline = signals.baselines.get(action.action_type or "")
    if baseline is not None and not baseline.is_known:
        baseline = None
    jump = _weigh_jump(action.score, habit, baseline, settings)
    if habit is not None and _is_always_top(action.score, habit, baseline, settings):
        score = max(jump, settings.unknown_score if baseline is None else 1.0)
        return Finding(score, "UNUSUAL_BEHAVIOUR", f"{habit.near_top + 1} in a row near the top")
    return Finding(jump, "UNUSUAL_BEHAVIOUR", "far above the usual") if jump > 0.0 else PASSED


def _is_always_top(
    score: int, habit: Habit, baseline: Baseline | None, settings: ScoreLevelSettings
) -> bool:
    """Return whether score after score is near the most that can be had, and this is not usual."""
    if habit.near_top < settings.max_run or score < settings.near_share * settings.max_score:
        return False
    return baseline is None or baseline.score_median < 0.8 * settings.max_score


def _weigh_jump(
    score: int, habit: Habit | None, baseline: Baseline | None, settings: ScoreLevelSettings
) -> float:
    """Return 1.0 for a score far above the player's own and everybody's, less for its own alone."""
    value = ln_of(score)
    others = baseline.measure(value) if baseline is not None else 0.0
    top = baseline.score_q99 if baseline is not None else inf
    is_known = habit is not None and habit.is_known
    own = habit.measure(value) if habit is not None and is_known else inf
    is_above = others > settings.all_deviations
    if own > settings.beyond_own and is_above and score > settings.beyond_ratio * top:
        return 1.0
    if not is_known or own <= settings.own_deviations:
        return 0.0
    return 1.0 if is_above or score > top else settings.own_score


CHECK = Check(
    name="score_level",
    version=1,
    reasons=("UNUSUAL_BEHAVIOUR",),
    points=100,
    run=check_score_level,
    settings=ScoreLevelSettings,
    needs=frozenset({Signal.PROFILE, Signal.BASELINE}),
)
