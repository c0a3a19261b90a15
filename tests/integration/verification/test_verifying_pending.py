"""Verification of pending actions: what is on its way is no damage, what is stuck is named."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.moderation.deciding import Decision, decide_action
from domain.settings import Settings
from domain.store.store import Store
from domain.verification.model import Invariant
from tests.factories import make_action, make_policy
from tests.pipeline import complete_actions, finish_batch
from tests.verification import change, find_broken, make_history
from workers.context import WorkerContext


@pytest.fixture(autouse=True)
def history(worker_context: WorkerContext, impatient: None) -> None:
    """Finished actions beside the pending ones; nobody waits for the board."""
    make_history(worker_context)


@pytest.fixture
def held(worker_context: WorkerContext) -> NewAction:
    """An action that is held for review."""
    action = make_action(score=100)
    strict = make_policy(suspicious_score_threshold=99)
    complete_actions(replace(worker_context, policy=strict), [action])
    return action


def release(store: Store, action: NewAction) -> UUID:
    """Reopen a held action; return its batch."""
    outcome = decide_action(
        store,
        action_id=action.action_id,
        decision=Decision.RELEASE,
        by="grace",
        reason="seen",
        now=datetime.now(UTC),
    )
    assert outcome.batch_id is not None
    return outcome.batch_id


def accept(store: Store, *actions: NewAction) -> UUID:
    (batch,) = accept_actions(store, actions=actions, reply_to=None).batches
    return batch.batch_id


def test_what_is_on_its_way_breaks_nothing(store: Store, settings: Settings) -> None:
    accept(store, make_action(), make_action())
    assert find_broken(store, settings) == {}


def test_what_a_review_has_reopened_breaks_nothing_before_and_after(
    worker_context: WorkerContext, settings: Settings, held: NewAction
) -> None:
    store = worker_context.store
    assert find_broken(store, settings) == {}
    batch_id = release(store, held)
    assert find_broken(store, settings) == {}
    finish_batch(worker_context, batch_id)
    assert find_broken(store, settings) == {}


def test_a_batch_that_stands_still_is_named_with_its_action(
    store: Store, settings: Settings
) -> None:
    late = make_action()
    batch_id = accept(store, late)
    change(
        store,
        "UPDATE action_batches SET updated_at = now() - interval '20.2 seconds'"
        " WHERE batch_id = :id",
        id=batch_id,
    )
    assert find_broken(store, settings) == {
        Invariant.TERMINAL: (
            f"action {late.action_id} has been pending for 20 s, its batch is accepted",
            f"batch {batch_id} stands at accepted for 20 s",
        )
    }


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM action_batches WHERE batch_id = :id",
        "UPDATE action_batches SET stage = 'done' WHERE batch_id = :id",
        "UPDATE action_batches SET action_nos = ARRAY[99] WHERE batch_id = :id",
    ],
)
def test_a_pending_action_that_no_open_batch_has_is_lost(
    store: Store, settings: Settings, statement: str
) -> None:
    action = make_action()
    change(store, statement, id=accept(store, action))
    assert find_broken(store, settings)[Invariant.EXACTLY_ONCE][0] == (
        f"action {action.action_id} was acknowledged, and neither a row nor an open batch has it"
    )


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("DELETE FROM action_batches WHERE batch_id = :id", "is pending and its batch is gone"),
        (
            "UPDATE action_batches SET stage = 'done' WHERE batch_id = :id",
            "is pending and its batch is done",
        ),
        (
            "UPDATE action_batches SET action_ids = ARRAY[gen_random_uuid()] WHERE batch_id = :id",
            "is pending and its batch does not have it",
        ),
    ],
)
def test_a_reopened_action_that_its_batch_will_not_score_is_named_at_once(
    store: Store, settings: Settings, held: NewAction, statement: str, complaint: str
) -> None:
    change(store, statement, id=release(store, held))
    assert find_broken(store, settings)[Invariant.TERMINAL] == (
        f"action {held.action_id} {complaint}",
    )


def test_an_action_that_would_be_scored_twice_is_named(
    store: Store, settings: Settings, held: NewAction
) -> None:
    doubled = make_action()
    first, second = accept(store, doubled), accept(store, make_action())
    released = release(store, held)
    change(
        store,
        "UPDATE action_batches SET (action_nos, action_ids, user_ids) = (SELECT"
        " b.action_nos || action_batches.action_nos, b.action_ids || action_batches.action_ids,"
        " b.user_ids || action_batches.user_ids FROM action_batches b WHERE b.batch_id = :first)"
        " WHERE batch_id = :second",
        first=first,
        second=second,
    )
    change(store, "UPDATE action_batches SET versions = ARRAY[7] WHERE batch_id = :id", id=released)
    assert find_broken(store, settings)[Invariant.EXACTLY_ONCE] == (
        f"action {held.action_id} is pending in another version than its row has",
        f"action {doubled.action_id} is pending in 2 batches",
    )


def test_a_final_action_that_is_pending_too_is_named(
    worker_context: WorkerContext, settings: Settings
) -> None:
    action = make_action()
    batch_id = accept(worker_context.store, action)
    finish_batch(worker_context, batch_id)
    change(
        worker_context.store,
        "UPDATE action_batches SET stage = 'screened', scored_at = NULL, outcomes = NULL"
        " WHERE batch_id = :id",
        id=batch_id,
    )
    broken = find_broken(worker_context.store, settings)
    assert broken[Invariant.EXACTLY_ONCE] == (
        f"action {action.action_id} is pending in a batch and is applied",
    )
