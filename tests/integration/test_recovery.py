"""Batches that stand still: claimed once, with growing pauses, and taken apart when poisoned."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome, Stage, Status
from domain.actions.recovery import (
    SWEEP_LIMIT,
    begin_attempt,
    isolate,
    list_standing_batches,
    take_back_attempt,
)
from domain.errors import DatabaseUnavailableError, TransientError
from domain.leaderboards.rebuild import rebuild_board
from domain.store.batches import Batch, find_batch
from domain.store.connections import Store
from tests.factories import make_action
from tests.pipeline import finish_batch
from tests.waiting import run_in_threads
from workers import links
from workers.context import WorkerContext
from workers.links import run_link


def accept(store: Store, *, actions: int = 1) -> UUID:
    accepted = accept_actions(store, actions=[make_action() for _ in range(actions)], origin="web")
    return accepted.batches[0].batch_id


def get_batch(store: Store, batch_id: UUID) -> Batch:
    with store.begin() as connection:
        batch = find_batch(connection, batch_id=batch_id)
    assert batch is not None
    return batch


def let_time_pass(store: Store, seconds: float = 3600) -> None:
    """Make every batch's next look so much earlier."""
    with store.begin() as connection:
        connection.execute(
            text(
                "UPDATE action_batches SET next_look_at = next_look_at"
                " - make_interval(secs => :seconds)"
            ),
            {"seconds": seconds},
        )


def read_pause_seconds(store: Store, batch_id: UUID) -> float:
    with store.begin() as connection:
        return float(
            connection.execute(
                text(
                    "SELECT extract(epoch FROM next_look_at - clock_timestamp())"
                    " FROM action_batches WHERE batch_id = :id"
                ),
                {"id": batch_id},
            ).scalar_one()
        )


def count_by_status(store: Store) -> dict[str, int]:
    with store.begin() as connection:
        rows = connection.execute(text("SELECT status, count(*) FROM user_actions GROUP BY 1"))
        return {row.status: row.count for row in rows}


def test_a_new_batch_is_left_in_peace_for_two_seconds(store: Store) -> None:
    batch_id = accept(store)
    assert list_standing_batches(store) == []
    assert 1 < read_pause_seconds(store, batch_id) <= 2
    let_time_pass(store, 2)
    assert [batch.batch_id for batch in list_standing_batches(store)] == [batch_id]


def test_the_pause_doubles_up_to_its_limit_and_progress_starts_it_anew(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    batch_id = accept(store)
    for number, pause in enumerate([4, 8, 8, 8], start=1):
        let_time_pass(store)
        (batch,) = list_standing_batches(store)
        assert batch.looks == number
        assert pause - 1 < read_pause_seconds(store, batch_id) <= pause
    run_link(worker_context, stage=Stage.ACCEPTED, batch_id=batch_id)
    assert get_batch(store, batch_id).looks == 0
    assert 1 < read_pause_seconds(store, batch_id) <= 2


def test_a_batch_looked_at_a_thousand_times_is_still_looked_at(store: Store) -> None:
    batch_id = accept(store)
    with store.begin() as connection:
        connection.execute(text("UPDATE action_batches SET looks = 100"))
    let_time_pass(store)
    assert [batch.batch_id for batch in list_standing_batches(store)] == [batch_id]
    assert 7 < read_pause_seconds(store, batch_id) <= 8


def test_finished_batches_are_not_looked_at(worker_context: WorkerContext) -> None:
    rebuild_board(worker_context.store)
    finish_batch(worker_context, accept(worker_context.store))
    let_time_pass(worker_context.store)
    assert list_standing_batches(worker_context.store) == []


def test_two_keepers_claim_each_batch_once_and_the_oldest_first(store: Store) -> None:
    batch_ids = [accept(store) for _ in range(30)]
    let_time_pass(store)
    claims: list[list[UUID]] = []
    gate = threading.Barrier(4)

    def claim() -> None:
        gate.wait()
        claims.append([batch.batch_id for batch in list_standing_batches(store)])

    run_in_threads(claim, count=4)
    claimed = [batch_id for claim in claims for batch_id in claim]
    assert sorted(claimed) == sorted(batch_ids), "each once"
    for claim_of_one in claims:
        assert claim_of_one == [batch_id for batch_id in batch_ids if batch_id in claim_of_one]


def test_a_sweep_takes_so_many_and_no_more(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO action_batches (batch_id, stage, next_look_at, created_at, updated_at)"
                " SELECT gen_random_uuid(), 'accepted', now() - interval '1 minute',"
                " now() - make_interval(secs => n), now() FROM generate_series(1, :count) n"
            ),
            {"count": SWEEP_LIMIT + 30},
        )
    sizes = [len(list_standing_batches(store)) for _ in range(3)]
    assert sizes == [SWEEP_LIMIT, 30, 0]


def test_an_attempt_is_counted_only_where_the_batch_stands(store: Store) -> None:
    batch_id = accept(store)
    assert begin_attempt(store, batch_id=batch_id, stage=Stage.ACCEPTED)
    assert not begin_attempt(store, batch_id=batch_id, stage=Stage.SCREENED)
    assert get_batch(store, batch_id).attempts == 1
    take_back_attempt(store, batch_id=batch_id, stage=Stage.SCREENED)
    assert get_batch(store, batch_id).attempts == 1
    take_back_attempt(store, batch_id=batch_id, stage=Stage.ACCEPTED)
    take_back_attempt(store, batch_id=batch_id, stage=Stage.ACCEPTED)
    assert get_batch(store, batch_id).attempts == 0


@pytest.mark.parametrize("error", [TransientError(), DatabaseUnavailableError()])
def test_a_passing_fault_takes_its_attempt_back(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    batch_id = accept(worker_context.store)
    monkeypatch.setitem(links.LINKS, Stage.ACCEPTED, failing(error))
    for _ in range(5):
        with pytest.raises(type(error)):
            run_link(worker_context, stage=Stage.ACCEPTED, batch_id=batch_id)
    assert get_batch(worker_context.store, batch_id).attempts == 0


def test_a_poisoned_link_leaves_its_mark_and_progress_wipes_it(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = accept(worker_context.store)
    with monkeypatch.context() as patch:
        patch.setitem(links.LINKS, Stage.ACCEPTED, failing(ValueError("poison")))
        with pytest.raises(ValueError, match="poison"):
            run_link(worker_context, stage=Stage.ACCEPTED, batch_id=batch_id)
    assert get_batch(worker_context.store, batch_id).attempts == 1
    moved = run_link(worker_context, stage=Stage.ACCEPTED, batch_id=batch_id)
    assert moved is LinkOutcome.MOVED
    assert get_batch(worker_context.store, batch_id).attempts == 0


def test_a_batch_that_failed_twice_becomes_batches_of_one(worker_context: WorkerContext) -> None:
    store = worker_context.store
    batch_id = accept(store, actions=3)
    set_attempts(store, batch_id, 1)
    assert isolate(store, batch=get_batch(store, batch_id)) == ()
    set_attempts(store, batch_id, 2)
    singles = isolate(store, batch=get_batch(store, batch_id))
    assert len(singles) == 3
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
    rebuild_board(store)
    for single in singles:
        finish_batch(worker_context, single)
    assert count_by_status(store) == {"applied": 3}


def test_screened_actions_are_split_with_their_verdicts(worker_context: WorkerContext) -> None:
    store = worker_context.store
    batch_id = accept(store, actions=2)
    run_link(worker_context, stage=Stage.ACCEPTED, batch_id=batch_id)
    set_attempts(store, batch_id, 2)
    singles = isolate(store, batch=get_batch(store, batch_id))
    assert [get_batch(store, single).stage for single in singles] == [Stage.SCREENED] * 2
    rebuild_board(store)
    for single in singles:
        finish_batch(worker_context, single)
    assert count_by_status(store) == {"applied": 2}


def test_a_single_is_given_up_at_its_third_attempt_and_told_of(
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
    with store.begin() as connection:
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
    run_link(worker_context, stage=Stage.ACCEPTED, batch_id=batch_id)
    with store.begin() as connection:
        connection.execute(
            text(
                "DELETE FROM action_checks"
                " WHERE action_id = (SELECT action_id FROM user_actions LIMIT 1)"
            )
        )
    with pytest.raises(KeyError):
        run_link(worker_context, stage=Stage.SCREENED, batch_id=batch_id)
    batch = get_batch(store, batch_id)
    assert (batch.stage, batch.attempts) == (Stage.SCREENED, 1)
    assert count_by_status(store) == {Status.PENDING: 2}


def failing(error: Exception) -> Callable[..., Any]:
    def fail(_context: WorkerContext, _batch_id: UUID) -> LinkOutcome:
        raise error

    return fail


def set_attempts(store: Store, batch_id: UUID, attempts: int) -> None:
    with store.begin() as connection:
        connection.execute(
            text("UPDATE action_batches SET attempts = :attempts WHERE batch_id = :id"),
            {"attempts": attempts, "id": batch_id},
        )
