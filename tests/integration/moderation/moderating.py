"""Moderation in tests: actions that are held, and decisions carried out by the pipeline."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.actions.recovery import SINGLE_ATTEMPTS, isolate
from domain.moderation.deciding import Decision, DecisionOutcome, decide_action
from domain.store.store import Store
from tests.batches import get_batch, set_attempts
from tests.factories import make_action, make_policy
from tests.intakes import fetch
from tests.pipeline import complete_actions, finish_batch
from tests.waiting import run_in_threads
from workers.context import WorkerContext

MODERATOR = str(uuid4())
OTHER = str(uuid4())


def hold_actions(
    context: WorkerContext, *, player: UUID | None = None, count: int = 1, score: int = 100
) -> list[NewAction]:
    """Complete actions of one player that are held, whatever they are worth."""
    user_id = player or uuid4()
    strict = make_policy(suspicious_score_threshold=0)
    actions = [make_action(user_id=user_id, score=score) for _ in range(count)]
    complete_actions(replace(context, policy=strict), actions)
    return actions


def reject_action(context: WorkerContext, *, player: UUID | None = None) -> NewAction:
    """Complete an action that is rejected for its score."""
    action = make_action(user_id=player or uuid4(), score=5000)
    complete_actions(context, [action])
    return action


def fail_action(context: WorkerContext, action: NewAction) -> None:
    """Accept an action, and give it up as the keeper does."""
    (batch,) = accept_actions(context.store, actions=[action], reply_to=None).batches
    set_attempts(context.store, batch.batch_id, SINGLE_ATTEMPTS)
    isolate(context.store, batch=get_batch(context.store, batch.batch_id))
    finish_batch(context, batch.batch_id)


def decide(
    context: WorkerContext,
    action: NewAction,
    decision: Decision,
    *,
    by: str = MODERATOR,
    now: datetime | None = None,
) -> DecisionOutcome:
    """Decide on an action and let the pipeline carry it out."""
    outcome = decide_action(
        context.store,
        action_id=action.action_id,
        decision=decision,
        by=by,
        reason="seen",
        now=now or datetime.now(UTC),
    )
    if outcome.batch_id is not None:
        finish_batch(context, outcome.batch_id)
    return outcome


def list_case_rows(store: Store, **filters: Any) -> list[Any]:
    """Return the cases whose columns are so, the oldest first."""
    where = " AND ".join(["true", *(f"{name} = :{name}" for name in filters)])
    return fetch(
        store, f"SELECT * FROM moderation_cases WHERE {where} ORDER BY opened_at", **filters
    )


def find_case_of(store: Store, player: UUID) -> UUID:
    """Return the player's open case."""
    (case,) = list_case_rows(store, user_id=player, state="open")
    case_id: UUID = case.case_id
    return case_id


def list_act_kinds(store: Store) -> list[str]:
    """Return what moderators did, in order."""
    return [row.kind for row in fetch(store, "SELECT kind FROM moderation_acts ORDER BY act_no")]


def run_at_once(*works: Callable[[], object]) -> None:
    """Run different works at once, and wait for all."""
    waiting = iter(works)
    run_in_threads(lambda: next(waiting)(), count=len(works))
