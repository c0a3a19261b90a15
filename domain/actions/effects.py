"""The arithmetic of scoring, pure: actions applied to scores in order of action_no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.actions.model import MAX_TOTAL_SCORE, Status


@dataclass(frozen=True, slots=True)
class ScreenedAction:
    """A pending action and the status that its verdict gives it (APPLIED for a pass)."""

    action_id: str
    action_no: int
    user_id: str
    score: int
    created_at: datetime
    status: Status
    reason: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """A user's score; `reached_seq` is None until an action was applied, then breaks ties."""

    score: int
    reached_seq: int | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one action; both scores are None unless it is applied."""

    action_id: str
    user_id: str
    status: Status
    reason: str | None
    previous_score: int | None
    new_score: int | None


@dataclass(frozen=True, slots=True)
class UserChange:
    """What one batch changes for one user: the new score, and what the statistics gain."""

    user_id: str
    score: Score
    applied_actions: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything that one batch changes."""

    actions: tuple[Effect, ...]
    users: tuple[UserChange, ...]


NO_EFFECTS = Effects((), ())


def next_reached_seq(current: Score, *, score: int, action_no: int) -> int:
    """Return the tie-breaker after an action: the largest number that added something.

    While the score is 0 it is the smallest number. Both depend on the set of applied actions only,
    as the sum does, and not on the order in which they are applied.
    """
    if score > 0:
        return max(current.reached_seq or 0, action_no) if current.score > 0 else action_no
    if current.reached_seq is None:
        return action_no
    return current.reached_seq if current.score > 0 else min(current.reached_seq, action_no)


def apply_actions(actions: Sequence[ScreenedAction], scores: Mapping[str, Score]) -> Effects:
    """Apply the actions in the given order to `scores`, which has every user of the batch.

    An action that would raise a total above MAX_TOTAL_SCORE is rejected, reason SCORE_LIMIT.
    """
    running = dict(scores)
    applied: dict[str, list[ScreenedAction]] = {}
    effects = []
    for action in actions:
        current = running[action.user_id]
        effect = _effect(action, current)
        effects.append(effect)
        if effect.new_score is not None:
            reached = next_reached_seq(current, score=action.score, action_no=action.action_no)
            running[action.user_id] = Score(effect.new_score, reached)
            applied.setdefault(action.user_id, []).append(action)
    changes = (
        UserChange(
            user_id=user_id,
            score=running[user_id],
            applied_actions=len(done),
            first_at=min(action.created_at for action in done),
            last_at=max(action.created_at for action in done),
        )
        for user_id, done in applied.items()
    )
    return Effects(tuple(effects), tuple(changes))


def _effect(action: ScreenedAction, current: Score) -> Effect:
    status, reason = action.status, action.reason
    if status is Status.APPLIED and current.score + action.score > MAX_TOTAL_SCORE:
        status, reason = Status.REJECTED, "SCORE_LIMIT"
    is_applied = status is Status.APPLIED
    return Effect(
        action_id=action.action_id,
        user_id=action.user_id,
        status=status,
        reason=reason,
        previous_score=current.score if is_applied else None,
        new_score=current.score + action.score if is_applied else None,
    )
