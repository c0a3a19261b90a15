"""Stalled batches: each is claimed once, with growing pauses, and its attempts are counted."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import text

from domain.actions.chain import CHAIN, SCORE, SCREEN, Stage
from domain.actions.model import LinkOutcome
from domain.actions.recovery import (
    SWEEP_LIMIT,
    begin_attempt,
    claim_stalled_batches,
    end_attempt,
)
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import DatabaseUnavailableError, TransientError
from domain.store.postgres.actions.entries import ARRAYS
from domain.store.redis.circuit_breaker import CircuitBreaker
from domain.store.redis.client import RedisClient
from domain.store.store import Store
from tests.batches import accept, get_batch, let_time_pass
from tests.pipeline import finish_batch
from tests.waiting import run_in_threads
from workers import chain
from workers.chain import run_link
from workers.context import WorkerContext


def read_pause_seconds(store: Store, batch_id: UUID) -> float:
    with store.write() as connection:
        return float(
            connection.execute(
                text(
                    "SELECT extract(epoch FROM next_look_at - clock_timestamp())"
                    " FROM action_batches WHERE batch_id = :id"
                ),
                {"id": batch_id},
            ).scalar_one()
        )


def test_a_new_batch_is_not_claimed_for_two_seconds(store: Store) -> None:
    batch_id = accept(store)
    assert claim_stalled_batches(store) == []
    assert 1 < read_pause_seconds(store, batch_id) <= 2
    let_time_pass(store, 2)
    assert [batch.batch_id for batch in claim_stalled_batches(store)] == [batch_id]


def test_the_pause_doubles_up_to_its_limit_and_progress_resets_it(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    batch_id = accept(store)
    for number, pause in enumerate([4, 8, 8, 8], start=1):
        let_time_pass(store)
        (batch,) = claim_stalled_batches(store)
        assert batch.looks == number
        assert pause - 1 < read_pause_seconds(store, batch_id) <= pause
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    assert get_batch(store, batch_id).looks == 0
    assert 1 < read_pause_seconds(store, batch_id) <= 2


def test_a_batch_looked_at_a_thousand_times_is_still_looked_at(store: Store) -> None:
    batch_id = accept(store)
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET looks = 100"))
    let_time_pass(store)
    assert [batch.batch_id for batch in claim_stalled_batches(store)] == [batch_id]
    assert 7 < read_pause_seconds(store, batch_id) <= 8


def test_finished_batches_are_not_looked_at(worker_context: WorkerContext) -> None:
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    finish_batch(worker_context, accept(worker_context.store))
    let_time_pass(worker_context.store)
    assert claim_stalled_batches(worker_context.store) == []


def test_two_keepers_claim_each_batch_once_and_the_oldest_first(store: Store) -> None:
    batch_ids = [accept(store) for _ in range(30)]
    let_time_pass(store)
    claims: list[list[UUID]] = []
    barrier = threading.Barrier(4)

    def claim() -> None:
        barrier.wait()
        claims.append([batch.batch_id for batch in claim_stalled_batches(store)])

    run_in_threads(claim, count=4)
    claimed = [batch_id for claim in claims for batch_id in claim]
    assert sorted(claimed) == sorted(batch_ids), "each once"
    for claim_of_one in claims:
        assert claim_of_one == [batch_id for batch_id in batch_ids if batch_id in claim_of_one]


def test_a_sweep_takes_so_many_and_no_more(store: Store) -> None:
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO action_batches (batch_id, stage, next_look_at, created_at, updated_at,"
                f" {', '.join(ARRAYS)}) SELECT gen_random_uuid(), 'accepted',"
                " now() - interval '1 minute', now() - make_interval(secs => n), now(),"
                f" {', '.join(['$${}$$'] * len(ARRAYS))} FROM generate_series(1, :count) n"
            ),
            {"count": SWEEP_LIMIT + 30},
        )
    sizes = [len(claim_stalled_batches(store)) for _ in range(3)]
    assert sizes == [SWEEP_LIMIT, 30, 0]


def test_an_attempt_is_counted_only_at_the_stage_of_the_batch(store: Store) -> None:
    batch_id = accept(store)
    assert begin_attempt(store, batch_id=batch_id, link=SCREEN)
    assert not begin_attempt(store, batch_id=batch_id, link=SCORE)
    assert get_batch(store, batch_id).attempts == 1
    end_attempt(store, batch_id=batch_id, link=SCORE)
    assert get_batch(store, batch_id).attempts == 1
    assert begin_attempt(store, batch_id=batch_id, link=SCREEN)
    assert get_batch(store, batch_id).attempts == 2
    end_attempt(store, batch_id=batch_id, link=SCREEN)
    assert get_batch(store, batch_id).attempts == 0


@pytest.mark.parametrize("error", [TransientError(), DatabaseUnavailableError()])
def test_a_passing_fault_takes_its_attempt_back(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    batch_id = accept(worker_context.store)
    monkeypatch.setitem(chain.RUNNERS, SCREEN, failing(error))
    for _ in range(5):
        with pytest.raises(type(error)):
            run_link(worker_context, link=SCREEN, batch_id=batch_id)
    assert get_batch(worker_context.store, batch_id).attempts == 0


def test_a_poisoned_link_leaves_its_mark_once_stalled_and_progress_wipes_it(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = accept(worker_context.store)
    with monkeypatch.context() as patch:
        patch.setitem(chain.RUNNERS, SCREEN, failing(ValueError("poison")))
        for attempts in (0, 1, 2):
            with pytest.raises(ValueError, match="poison"):
                run_link(
                    replace(worker_context, takes_stalled=attempts > 0),
                    link=SCREEN,
                    batch_id=batch_id,
                )
            assert get_batch(worker_context.store, batch_id).attempts == attempts
    moved = run_link(worker_context, link=SCREEN, batch_id=batch_id)
    assert moved is LinkOutcome.MOVED
    assert get_batch(worker_context.store, batch_id).attempts == 0


def failing(error: Exception) -> Callable[..., Any]:
    def fail(_context: WorkerContext, _batch_id: UUID) -> LinkOutcome:
        raise error

    return fail


def test_without_redis_batches_that_need_it_are_not_claimed_and_stay_due(store: Store) -> None:
    batch_ids = {link.before: accept(store) for link in CHAIN}
    with store.write() as connection:
        for stage, batch_id in batch_ids.items():
            connection.execute(
                text("UPDATE action_batches SET stage = :stage WHERE batch_id = :id"),
                {"stage": stage, "id": batch_id},
            )
    let_time_pass(store)
    breaker = CircuitBreaker()
    while not breaker.is_open:
        breaker.record_failure()
    away = replace(store, redis=RedisClient(Redis(), breaker))
    claimed = {batch.stage for batch in claim_stalled_batches(away)}
    assert claimed == {Stage.ACCEPTED, Stage.SCREENED, Stage.REFRESHED}
    left = claim_stalled_batches(store)
    assert {batch.stage for batch in left} == {Stage.SCORED, Stage.AUDITED}
    assert {batch.looks for batch in left} == {1}, "no look of theirs was wasted"


def test_the_attempt_that_decides_is_followed_by_a_look_soon(store: Store) -> None:
    batch_id = accept(store)
    let_time_pass(store)
    claim_stalled_batches(store)
    begin_attempt(store, batch_id=batch_id, link=SCREEN)
    assert read_pause_seconds(store, batch_id) > 2, "a first one may be the only one"
    begin_attempt(store, batch_id=batch_id, link=SCREEN)
    assert read_pause_seconds(store, batch_id) <= 2


def test_a_batch_is_suspect_from_its_first_attempt_until_that_is_forgotten(store: Store) -> None:
    batch_id = accept(store)
    let_time_pass(store)
    assert [batch.is_suspect for batch in claim_stalled_batches(store)] == [False]
    begin_attempt(store, batch_id=batch_id, link=SCREEN)
    assert get_batch(store, batch_id).is_suspect
    end_attempt(store, batch_id=batch_id, link=SCREEN)
    assert not get_batch(store, batch_id).is_suspect
