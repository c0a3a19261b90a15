"""A batch that keeps failing is split, and an action that cannot be processed fails visibly."""

from sqlalchemy import text
from structlog.testing import capture_logs

from domain.actions.chain import SCREEN, Stage
from domain.actions.intake import accept_actions
from domain.actions.recovery import Remedy, choose_remedy, claim_stalled_batches, isolate
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.store.postgres.actions.batches import QUIET_SECONDS
from domain.store.store import Store
from tests.batches import accept, count_by_status, get_batch, let_time_pass, set_attempts
from tests.factories import make_action
from tests.intakes import fetch
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


def test_a_single_action_fails_at_its_second_counted_attempt_and_is_audited(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    batch_id = accept(store)
    set_attempts(store, batch_id, 1)
    let_time_pass(store)
    claim_stalled_batches(store)
    let_time_pass(store)
    (stalled,) = claim_stalled_batches(store)
    assert choose_remedy(stalled, broker_usable=True) is Remedy.ISOLATE
    assert isolate(store, batch=stalled) == (batch_id,)
    assert count_by_status(store) == {"pending": 1}
    set_attempts(store, batch_id, 2)
    assert isolate(store, batch=get_batch(store, batch_id)) == (batch_id,)
    assert count_by_status(store) == {"failed": 1}
    assert get_batch(store, batch_id).stage is Stage.SCORED
    finish_batch(worker_context, batch_id)
    assert get_batch(store, batch_id).stage is Stage.DONE
    with store.write() as connection:
        leaves = connection.execute(text("SELECT leaves FROM audit_log")).scalar_one()
        scores = connection.execute(text("SELECT score, reached_seq FROM user_scores")).all()
    assert "failed" in leaves
    assert "PROCESSING_FAILED" in leaves
    assert [tuple(row) for row in scores] == [(0, None)]


def test_a_verdict_goes_with_its_action_when_the_batch_is_split(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    too_high, fine = make_action(score=5000), make_action(score=5)
    batch_id = accept_actions(store, actions=[too_high, fine], reply_to=None).batches[0].batch_id
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    set_attempts(store, batch_id, 2)
    for single in isolate(store, batch=get_batch(store, batch_id)):
        finish_batch(worker_context, single)
    rows = fetch(store, "SELECT action_id, status, reason, verdict, checks FROM user_actions")
    found = {row.action_id: row for row in rows}
    assert found[fine.action_id][1:] == ("applied", None, "pass", None)
    assert found[too_high.action_id][1:4] == ("rejected", "SCORE_TOO_HIGH", "reject")
    assert found[too_high.action_id].checks["score_cap"]["seen"] == 5000


def test_the_keeper_hands_the_parts_on_and_does_not_look_at_them_at_once(store: Store) -> None:
    batch_id = accept(store, actions=3)
    set_attempts(store, batch_id, 2)
    singles = isolate(store, batch=get_batch(store, batch_id))
    assert all(get_batch(store, single).is_suspect for single in singles)
    assert claim_stalled_batches(store) == []
    let_time_pass(store, QUIET_SECONDS)
    assert {batch.batch_id for batch in claim_stalled_batches(store)} == set(singles)
