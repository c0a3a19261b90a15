"""A batch that keeps failing is split, and an action that cannot be processed fails visibly."""

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.actions.chain import SCORE, SCREEN, Stage
from domain.actions.model import Status
from domain.actions.recovery import isolate
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from tests.batches import accept, count_by_status, get_batch, set_attempts
from tests.pipeline import finish_batch
from workers.chain import run_link
from workers.context import WorkerContext


def test_a_batch_that_failed_twice_becomes_batches_of_one(worker_context: WorkerContext) -> None:
    store = worker_context.store
    batch_id = accept(store, actions=3)
    set_attempts(store, batch_id, 1)
    assert isolate(store, batch=get_batch(store, batch_id)) == ()
    set_attempts(store, batch_id, 2)
    with capture_logs() as logs:
        singles = isolate(store, batch=get_batch(store, batch_id))
    assert len(singles) == 3
    followed = {(line["batch_id"], line["part_of"]) for line in logs}
    assert followed == {(str(single), str(batch_id)) for single in singles}
    assert get_batch(store, batch_id).stage is Stage.SPLIT
    original = get_batch(store, batch_id)
    for single in singles:
        part = get_batch(store, single)
        assert (part.stage, part.attempts, part.created_at) == (
            Stage.ACCEPTED,
            0,
            original.created_at,
        )
    assert isolate(store, batch=original) == (), "a second keeper finds nothing to split"
    rebuild_board(store, board=GLOBAL_BOARD)
    for single in singles:
        finish_batch(worker_context, single)
    assert count_by_status(store) == {"applied": 3}


def test_screened_actions_are_split_with_their_verdicts(worker_context: WorkerContext) -> None:
    store = worker_context.store
    batch_id = accept(store, actions=2)
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    set_attempts(store, batch_id, 2)
    singles = isolate(store, batch=get_batch(store, batch_id))
    assert [get_batch(store, single).stage for single in singles] == [Stage.SCREENED] * 2
    rebuild_board(store, board=GLOBAL_BOARD)
    for single in singles:
        finish_batch(worker_context, single)
    assert count_by_status(store) == {"applied": 2}


def test_a_single_action_fails_at_its_third_attempt_and_is_audited(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    batch_id = accept(store)
    set_attempts(store, batch_id, 2)
    assert isolate(store, batch=get_batch(store, batch_id)) == (batch_id,)
    assert count_by_status(store) == {"pending": 1}
    set_attempts(store, batch_id, 3)
    assert isolate(store, batch=get_batch(store, batch_id)) == (batch_id,)
    assert count_by_status(store) == {"failed": 1}
    assert get_batch(store, batch_id).stage is Stage.SCORED
    finish_batch(worker_context, batch_id)
    assert get_batch(store, batch_id).stage is Stage.DONE
    with store.write() as connection:
        entry = connection.execute(text("SELECT entry FROM audit_log")).scalar_one()
        scores = connection.execute(text("SELECT score, reached_seq FROM user_scores")).all()
    assert '"status":"failed"' in entry
    assert '"reason":"PROCESSING_FAILED"' in entry
    assert [tuple(row) for row in scores] == [(0, None)]


def test_an_action_without_a_verdict_is_not_left_pending_in_silence(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    batch_id = accept(store, actions=2)
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    with store.write() as connection:
        connection.execute(
            text(
                "DELETE FROM action_checks"
                " WHERE action_id = (SELECT action_id FROM user_actions LIMIT 1)"
            )
        )
    with pytest.raises(KeyError):
        run_link(worker_context, link=SCORE, batch_id=batch_id)
    batch = get_batch(store, batch_id)
    assert (batch.stage, batch.attempts) == (Stage.SCREENED, 1)
    assert count_by_status(store) == {Status.PENDING: 2}
