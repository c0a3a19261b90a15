"""The injected poison kills what works on the action, and nothing that would leave it alone."""

from dataclasses import replace
from uuid import UUID

import pytest

from domain.actions.chain import SCREEN
from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome
from domain.actions.recovery import begin_attempt, claim_stalled_batches
from domain.store.store import Store
from faults.children import poisoned
from faults.children.poisoned import POISON_SCORE, dying_of
from tests.batches import let_time_pass
from tests.factories import make_action
from workers.chain import RUNNERS
from workers.context import WorkerContext


class Killed(BaseException):
    """In place of the end of the test's own process."""


@pytest.fixture(autouse=True)
def _lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(_pid: int, _signal: int) -> None:
        raise Killed

    monkeypatch.setattr(poisoned.os, "kill", kill)


def accept(store: Store, score: int) -> UUID:
    actions = [make_action(score=score), make_action(score=5)]
    return accept_actions(store, actions=actions, reply_to=None).batches[0].batch_id


screen = dying_of(POISON_SCORE, RUNNERS[SCREEN])


def test_a_new_batch_with_the_score_kills_and_another_one_passes(
    worker_context: WorkerContext,
) -> None:
    batch_id = accept(worker_context.store, POISON_SCORE)
    with pytest.raises(Killed):
        screen(worker_context, batch_id)
    assert screen(worker_context, accept(worker_context.store, 7)) is LinkOutcome.MOVED


def test_a_stalled_batch_kills_only_after_the_attempt_was_counted(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    batch_id = accept(store, POISON_SCORE)
    let_time_pass(store)
    claim_stalled_batches(store)
    assert screen(worker_context, batch_id) is LinkOutcome.NOT_ITS_TURN
    assert begin_attempt(store, batch_id=batch_id, link=SCREEN)
    with pytest.raises(Killed):
        screen(replace(worker_context, takes_stalled=True), batch_id)
