"""The arithmetic of scoring, pure: actions applied to scores in order of action_no."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.actions.model import MAX_TOTAL_SCORE, Status


# Tuples with names: there is one of each for every action, and making a frozen dataclass takes four
# times as long.
class ScreenedAction(NamedTuple):
    """A pending action and the status that its verdict gives it (APPLIED for a pass)."""

    action_no: int
    action_id: str
    user_id: str
    score: int
    status: Status = Status.APPLIED
    reason: str | None = None


class Score(NamedTuple):
    """A user's score; `reached_seq` is None until an action was applied, then breaks ties."""

    score: int
    reached_seq: int | None


class Effect(NamedTuple):
    """What becomes of one action; both scores are None unless it is applied."""

    status: Status
    reason: str | None
    previous_score: int | None
    new_score: int | None


class UserChange(NamedTuple):
    """What one batch changes for one user: the new score, and how many actions are applied."""

    user_id: str
    score: Score
    applied_actions: int


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything that one batch changes; `actions` in the order of the batch's actions."""

    actions: tuple[Effect, ...]
    users: tuple[UserChange, ...]


NO_EFFECTS = Effects((), ())
FAILED = Effect(Status.FAILED, "PROCESSING_FAILED", None, None)


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


def apply_actions(actions: Iterable[ScreenedAction], scores: Mapping[str, Score]) -> Effects:
    """Apply the actions in the given order to `scores`, which has every user of the batch.

    An action that would raise a total above MAX_TOTAL_SCORE is rejected, reason SCORE_LIMIT.
    """
    running = dict(scores)
    applied: dict[str, int] = {}
    effects = []
    for number, _, user_id, score, status, reason in actions:
        current = running[user_id]
        total = current.score + score
        if status is Status.APPLIED and total > MAX_TOTAL_SCORE:
            status, reason = Status.REJECTED, "SCORE_LIMIT"
        if status is Status.APPLIED:
            effects.append(Effect(status, reason, current.score, total))
            reached = next_reached_seq(current, score=score, action_no=number)
            running[user_id] = Score(total, reached)
            applied[user_id] = applied.get(user_id, 0) + 1
        else:
            effects.append(Effect(status, reason, None, None))
    changes = (UserChange(user_id, running[user_id], count) for user_id, count in applied.items())
    return Effects(tuple(effects), tuple(changes))


def fail_actions(actions: Sequence[ScreenedAction]) -> Effects:
    """Return the effects of failing the actions, reason PROCESSING_FAILED: none on any score."""
    return Effects((FAILED,) * len(actions), ())
