"""History: what is known of actions that were accepted before.

Called by the routes that read actions, and by intake's answers to repeated ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.actions.model import Acceptance, ActionResult, NewAction, Status, Submission
from domain.boards.model import BoardId
from domain.boards.reader import find_ranks
from domain.errors import NotFoundError
from domain.store.postgres.actions.stored_actions import (
    StoredAction,
    list_stored_actions,
    list_user_actions,
)
from domain.store.postgres.moderation.appeals import AppealRow, find_appeal
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One accepted action, as it was stored; the rank of then is not, so none is here."""

    action_id: UUID
    user_id: UUID
    status: Status
    score: int
    timestamp: datetime | None
    metadata: Mapping[str, Any] | None
    previous_score: int | None
    new_score: int | None
    reason: str | None
    accepted_at: datetime
    completed_at: datetime | None
    boards: Mapping[str, str] | None
    appeal: AppealRow | None = None


def get_action(store: Store, *, action_id: UUID, user_id: UUID | None) -> ActionRecord:
    """Return an action of this user, or of any user when `user_id` is None.

    Raises NotFoundError for an unknown id, an archived action and another user's action.
    """
    with store.write() as connection:
        stored = list_stored_actions(connection, action_ids=[action_id]).get(action_id)
        appeal = find_appeal(connection, action_id=action_id)
    if stored is None or stored.status is None or user_id not in (None, stored.user_id):
        raise NotFoundError("There is no such action")
    return replace(_record(stored), appeal=appeal)


def list_actions(
    store: Store, *, user_id: UUID, before_no: int | None, limit: int
) -> tuple[list[ActionRecord], int | None]:
    """Return a page of a user's actions, newest first, and the next page's `before_no` or None."""
    with store.write() as connection:
        rows = list_user_actions(connection, user_id=user_id, before_no=before_no, limit=limit + 1)
    page = [_record(stored) for stored in rows[:limit]]
    return page, rows[limit - 1].action_no if len(rows) > limit else None


def list_results(
    store: Store, *, board: BoardId, action_ids: Sequence[UUID]
) -> dict[UUID, ActionResult]:
    """Return what is known now of these ids; archived and unknown ones are absent."""
    with store.write() as connection:
        found = list_stored_actions(connection, action_ids=action_ids)
    ranks = find_ranks(
        store, board=board, user_ids=sorted({stored.user_id for stored in found.values()})
    )
    return {
        action_id: _result(stored, ranks.get(stored.user_id))
        for action_id, stored in found.items()
        if stored.status is not None
    }


def judge_repeats(
    store: Store, *, board: BoardId, actions: Sequence[NewAction]
) -> list[Submission]:
    """Return for each action whose id is in use whether it is a retry or a conflict, in order.

    A retry has the same user, score and metadata, and gets what became of the first. A conflict
    learns nothing about the action that has the id.
    """
    with store.write() as connection:
        found = list_stored_actions(connection, action_ids=[action.action_id for action in actions])
    users = sorted({stored.user_id for stored in found.values() if stored.status is not None})
    ranks = find_ranks(store, board=board, user_ids=users)
    return [_judge(action, found.get(action.action_id), ranks) for action in actions]


def _judge(action: NewAction, stored: StoredAction | None, ranks: dict[UUID, int]) -> Submission:
    is_retry = (
        stored is not None
        and stored.user_id == action.user_id
        and stored.request_hash == action.request_hash
    )
    if stored is None or not is_retry:
        return Submission(action.action_id, Acceptance.CONFLICT)
    if stored.status is None:
        return Submission(action.action_id, Acceptance.DUPLICATE, archived=True)
    result = _result(stored, ranks.get(stored.user_id))
    return Submission(action.action_id, Acceptance.DUPLICATE, result)


def _result(stored: StoredAction, rank: int | None) -> ActionResult:
    return ActionResult(
        action_id=stored.action_id,
        status=Status(stored.status or Status.PENDING),
        reason=stored.reason,
        previous_score=stored.previous_score,
        new_score=stored.new_score,
        rank=rank,
        boards=stored.uncounted,
    )


def _record(stored: StoredAction) -> ActionRecord:
    return ActionRecord(
        action_id=stored.action_id,
        user_id=stored.user_id,
        status=Status(stored.status or Status.PENDING),
        score=stored.score_delta or 0,
        timestamp=stored.timestamp,
        metadata=stored.metadata,
        previous_score=stored.previous_score,
        new_score=stored.new_score,
        reason=stored.reason,
        accepted_at=stored.created_at,
        completed_at=stored.completed_at,
        boards=stored.uncounted,
    )
