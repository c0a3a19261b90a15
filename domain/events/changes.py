"""The events from one position of the bus to a later one: pure, without JSON or sockets.

The listeners of a user receive every action of the user. The listeners of a board's view (its first
rows) receive the updates of the users in it, and the diff of the view. Called by the live process.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from domain.boards.diff import ViewDiff, diff_views
from domain.boards.model import Standing, Top
from domain.events.steps import UserStep
from domain.events.wire import AppliedAction, RankMove

# Up to this many actions of one user are separate events. More are merged into one, so that a game
# server's bulk upload does not overflow its player's queue of 64 frames.
MAX_SINGLE_UPDATES = 16

FindStep = Callable[[UUID], UserStep | None]
"""Return what a user did between the two positions; None for nothing."""


@dataclass(frozen=True, slots=True)
class ScoreUpdated:
    """One user's score changed, by one action or by `merged` of them (the id is the last one's)."""

    user_id: UUID
    action_id: UUID
    previous_score: int
    new_score: int
    score_increase: int
    new_rank: int | None
    merged: int = 1


@dataclass(frozen=True, slots=True)
class RankChanged:
    """One user's rank changed; `reason` is "advanced", "overtaken", "moderation" or "resumed".

    The last one says how the user stands after a gap, whatever the rank was before it.
    """

    user_id: UUID
    new_score: int
    new_rank: int
    previous_rank: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """The diff of the first rows of the board, and the updates of the users in them."""

    updates: tuple[ScoreUpdated, ...]
    diff: ViewDiff[Standing]
    total_users: int


def list_own_events(user_id: UUID, step: UserStep) -> list[ScoreUpdated | RankChanged]:
    """Return the events of one user's step, in order of effect."""
    updates = list_own_updates(step)
    changed = _find_rank_change(user_id, updates[-1], step.move)
    return [*updates, changed] if changed else [*updates]


def list_own_updates(step: UserStep) -> list[ScoreUpdated]:
    """Return the updates of one user's step: one for each action, or one for all if they are many.

    Two batches of a player may be broadcast in the other order than they were scored; the last
    event must have the score of the step's end. `new_rank` is of that position anyway.
    """
    actions, rank = step.actions, step.move.new_rank
    if len(actions) > MAX_SINGLE_UPDATES:
        return [_merge(step)]
    score = _score_after(step)
    late = score != actions[-1].new_score
    return [_describe(action, score if late else action.new_score, rank) for action in actions]


def find_view_change(
    before: Top, after: Top, limit: int, find_step: FindStep
) -> ViewChanged | None:
    """Return what changed in the first `limit` rows from one top to the next, or None if nothing.

    There is one update for each user who was or is in them and has done something.
    """
    diff = diff_views(before.standings, after.standings, limit)
    updates = tuple(_list_updates_in_view(before.standings[:limit], after, limit, find_step))
    if diff.is_empty and not updates and after.total_users == before.total_users:
        return None
    return ViewChanged(updates=updates, diff=diff, total_users=after.total_users)


def _describe(action: AppliedAction, new_score: int, new_rank: int | None) -> ScoreUpdated:
    return ScoreUpdated(
        user_id=action.user_id,
        action_id=action.action_id,
        previous_score=action.previous_score,
        new_score=new_score,
        score_increase=action.score_delta,
        new_rank=new_rank,
    )


def _merge(step: UserStep) -> ScoreUpdated:
    actions = step.actions
    last = _describe(actions[-1], _score_after(step), step.move.new_rank)
    return replace(
        last,
        previous_score=actions[0].previous_score,
        score_increase=sum(action.score_delta for action in actions),
        merged=len(actions),
    )


def _score_after(step: UserStep) -> int:
    return step.actions[-1].new_score if step.score is None else step.score


def _find_rank_change(user_id: UUID, update: ScoreUpdated, move: RankMove) -> RankChanged | None:
    if move.new_rank is None or move.new_rank == move.previous_rank:
        return None
    advanced = move.previous_rank is None or move.new_rank < move.previous_rank
    # Within one batch others may overtake a user whose own score rose.
    reason = "advanced" if advanced else "overtaken"
    return RankChanged(
        user_id=user_id,
        new_score=update.new_score,
        new_rank=move.new_rank,
        previous_rank=move.previous_rank,
        # A score falls when a moderator takes an action back, and only then.
        reason="moderation" if update.score_increase < 0 else reason,
    )


def _list_updates_in_view(
    rows_before: tuple[Standing, ...], after: Top, limit: int, find_step: FindStep
) -> Iterator[ScoreUpdated]:
    placed = {row.user_id: row for row in after.standings}
    seen = dict.fromkeys(row.user_id for row in (*after.standings[:limit], *rows_before))
    for user_id in seen:
        step = find_step(user_id)
        if step is not None:
            row = placed.get(user_id)
            if row is not None:
                step = step._replace(move=RankMove(None, row.rank), score=row.score)
            yield _merge(step)
