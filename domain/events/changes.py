"""The events of one bus message: pure, without JSON or sockets; called by the live process.

The listeners of a user receive every action of the user. The listeners of a board's view (its first
rows) receive the updates of the users in it, and the diff of the view.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from domain.boards.diff import ViewDiff, diff_views
from domain.boards.model import Standing, Top
from domain.events.wire import AppliedAction, BusMessage, RankMove

# Up to this many actions of one user in one batch are separate events. More are merged into one,
# so that a game server's bulk upload does not overflow its player's queue of 64 frames.
MAX_SINGLE_UPDATES = 16
_UNKNOWN = RankMove(None, None)


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
    """One user's rank changed; `reason` is "advanced", "overtaken" or "moderation"."""

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


def list_own_events(
    message: BusMessage, listening: Container[UUID]
) -> dict[UUID, list[ScoreUpdated | RankChanged]]:
    """Return each listening user's events of this message, in order of effect."""
    events: dict[UUID, list[ScoreUpdated | RankChanged]] = {}
    actions_of = _group_by_user(a for a in message.actions if a.user_id in listening)
    for user_id, actions in actions_of.items():
        move = message.ranks.get(user_id, _UNKNOWN)
        updates = _list_updates(actions, move.new_rank)
        events[user_id] = [*_with_score_of_position(message, updates)]
        changed = _find_rank_change(updates[-1], events[user_id][-1].new_score, move)
        if changed:
            events[user_id].append(changed)
    return events


def find_view_change(message: BusMessage, before: Top, limit: int) -> ViewChanged | None:
    """Return what changed in the first `limit` rows since `before`, or None if nothing did."""
    rows_before, rows_after = before.standings[:limit], message.top.standings[:limit]
    diff = diff_views(rows_before, rows_after)
    updates = tuple(_list_updates_in_view(message, rows_before, rows_after))
    total_users = message.top.total_users
    if diff.is_empty and not updates and total_users == before.total_users:
        return None
    return ViewChanged(updates=updates, diff=diff, total_users=total_users)


def _group_by_user(actions: Iterable[AppliedAction]) -> dict[UUID, list[AppliedAction]]:
    groups: dict[UUID, list[AppliedAction]] = {}
    for action in actions:
        groups.setdefault(action.user_id, []).append(action)
    return groups


def _list_updates(actions: list[AppliedAction], new_rank: int | None) -> list[ScoreUpdated]:
    if len(actions) > MAX_SINGLE_UPDATES:
        return [_merge(actions, new_rank)]
    return [_merge([action], new_rank) for action in actions]


def _merge(actions: list[AppliedAction], new_rank: int | None) -> ScoreUpdated:
    last = actions[-1]
    return ScoreUpdated(
        user_id=last.user_id,
        action_id=last.action_id,
        previous_score=actions[0].previous_score,
        new_score=last.new_score,
        score_increase=sum(action.score_delta for action in actions),
        new_rank=new_rank,
        merged=len(actions),
    )


def _with_score_of_position(message: BusMessage, updates: list[ScoreUpdated]) -> list[ScoreUpdated]:
    """Return one user's updates with the score that the user has at the message's position.

    Two batches of a player may be broadcast in the other order than they were scored; the last
    event must have the score of now. `new_rank` is of the position anyway.
    """
    last = updates[-1]
    score = message.scores.get(last.user_id, last.new_score)
    if score == last.new_score:
        return updates
    return [replace(update, new_score=score) for update in updates]


def _find_rank_change(update: ScoreUpdated, new_score: int, move: RankMove) -> RankChanged | None:
    if move.new_rank is None or move.new_rank == move.previous_rank:
        return None
    advanced = move.previous_rank is None or move.new_rank < move.previous_rank
    # Within one batch others may overtake a user whose own score rose.
    reason = "advanced" if advanced else "overtaken"
    return RankChanged(
        user_id=update.user_id,
        new_score=new_score,
        new_rank=move.new_rank,
        previous_rank=move.previous_rank,
        # A score falls when a moderator takes an action back, and only then.
        reason="moderation" if update.score_increase < 0 else reason,
    )


def _list_updates_in_view(
    message: BusMessage, before: tuple[Standing, ...], after: tuple[Standing, ...]
) -> Iterator[ScoreUpdated]:
    ranks = {standing.user_id: standing.rank for standing in after}
    seen = ranks.keys() | {standing.user_id for standing in before}
    for user_id, actions in _group_by_user(message.actions).items():
        if user_id in seen:
            move = message.ranks.get(user_id, _UNKNOWN)
            yield from _with_score_of_position(
                message, [_merge(actions, ranks.get(user_id, move.new_rank))]
            )
