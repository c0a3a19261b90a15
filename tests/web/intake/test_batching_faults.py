"""Batching when replies, Redis or PostgreSQL are lost: nobody waits longer than was promised."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.actions.model import Acceptance, ActionResult, Status
from domain.boards.model import BoardId
from domain.errors import DatabaseUnavailableError
from domain.settings import Settings
from domain.store.store import Store, connect
from faults.proxy import Proxy
from tests.factories import make_action
from tests.waiting import wait_until
from tests.web.intake.batch_service import (
    PATIENCE_SECONDS,
    Gate,
    Serve,
    count_actions,
    fail_once,
    failures_of,
    open_breaker,
    the_result,
    wait_for_queue,
)
from web.intake import batcher as batcher_module
from web.intake.batcher import IDLE_SECONDS, Batcher
from web.intake.pending_request import PendingRequest
from workers import chain
from workers.context import WorkerContext
from workers.process.background import FATAL_SECONDS, STUCK_SECONDS


def test_a_lost_reply_is_caught_up_by_one_look_for_the_whole_batch(
    serve: Serve, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    look_up = batcher_module.list_results
    time_is_up = threading.Event()

    def count_looks(
        store: Store, *, board: BoardId, action_ids: Sequence[UUID]
    ) -> dict[UUID, ActionResult]:
        looks.append(len(action_ids))
        return look_up(store, board=board, action_ids=action_ids)

    def wait_in_vain(batcher: Batcher, request: PendingRequest, *_: float) -> None:
        assert time_is_up.wait(20)
        batcher.pending.stop_waiting(request)

    monkeypatch.setattr(batcher_module, "list_results", count_looks)
    monkeypatch.setattr(Batcher, "_wait", wait_in_vain)
    monkeypatch.setattr(chain, "publish_replies", lambda *_, **__: None)
    service = serve()
    first = service.send([make_action()])
    assert gate.reached.wait(20)
    others = [service.send([make_action(score=place)]) for place in range(10)]
    wait_for_queue(service, 10)
    gate.set()
    wait_until(lambda: len(service.submitted) == 2)
    service.run_pipeline()
    time_is_up.set()
    assert the_result(first).status is Status.APPLIED
    assert [the_result(other).new_score for other in others] == list(range(10))
    assert sorted(looks) == [1, 10]


def test_a_lost_reply_with_the_store_away_is_pending_and_no_error(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailableError

    monkeypatch.setattr(batcher_module, "list_results", fail)
    assert the_result(serve().send([make_action()], wait_seconds=0.1)).status is Status.PENDING


def test_a_late_reply_finds_nobody_and_does_no_harm(serve: Serve) -> None:
    service = serve()
    late = make_action()
    assert the_result(service.send([late], wait_seconds=0.05)).status is Status.PENDING
    service.run_pipeline()
    wait_until(lambda: not service.batcher.pending.count_in_flight())
    (again,) = service.send([late]).result(timeout=20)
    assert again.acceptance is Acceptance.DUPLICATE
    assert again.result is not None
    assert again.result.status is Status.APPLIED
    service.runs_at_once = True
    assert the_result(service.send([make_action()])).status is Status.APPLIED


def test_a_request_that_waits_longer_hears_a_reply_after_the_slot_was_given_up(
    serve: Serve,
) -> None:
    service = serve(result_wait_seconds=0.1, batch_in_flight=1)
    patient = service.send([make_action()])
    wait_until(lambda: len(service.submitted) == 1)
    other = service.send([make_action()], wait_seconds=0)
    assert the_result(other).status is Status.PENDING, "the slot came free by time alone"
    started = time.monotonic()
    service.run_pipeline()
    assert the_result(patient).status is Status.APPLIED
    assert time.monotonic() - started < PATIENCE_SECONDS / 2


def test_a_reply_that_never_came_does_not_slow_an_idle_system_down(serve: Serve) -> None:
    service = serve(result_wait_seconds=0.1, batch_linger_ms=8000)
    assert the_result(service.send([make_action()], wait_seconds=0.2)).status is Status.PENDING
    started = time.monotonic()
    service.send([make_action()], wait_seconds=0).result(timeout=20)
    assert time.monotonic() - started < 4, "nothing is in flight: no linger"


def test_with_redis_unusable_the_answer_follows_the_commit(
    serve: Serve, settings: Settings, worker_context: WorkerContext
) -> None:
    away = connect(replace(settings, redis_url="redis://127.0.0.1:1/0")).redis
    open_breaker(away)
    service = serve(Store(worker_context.store.engine, away), batch_in_flight=1)
    for number in range(1, 4):
        started = time.monotonic()
        assert the_result(service.send([make_action()])).status is Status.PENDING
        assert time.monotonic() - started < PATIENCE_SECONDS / 2
        assert count_actions(worker_context.store) == number
    assert service.submitted == [], "the keeper brings them on"
    assert service.batcher.pending.count_in_flight() == 0


def test_with_redis_unusable_actions_wait_for_company(
    serve: Serve, settings: Settings, worker_context: WorkerContext
) -> None:
    away = connect(replace(settings, redis_url="redis://127.0.0.1:1/0")).redis
    open_breaker(away)
    service = serve(Store(worker_context.store.engine, away), batch_linger_ms=0)
    requests = []
    for _ in range(4):
        requests.append(service.send([make_action()]))
        wait_for_queue(service, len(requests))
    assert [the_result(request).status for request in requests] == [Status.PENDING] * 4
    with worker_context.store.write() as connection:
        batches = connection.execute(text("SELECT count(*) FROM action_batches")).scalar_one()
    assert batches == 1, "the keeper has them all to itself"


def test_redis_lost_while_requests_queue_releases_them_with_their_commit(
    serve: Serve, settings: Settings, worker_context: WorkerContext, gate: Gate
) -> None:
    away = connect(replace(settings, redis_url="redis://127.0.0.1:1/0")).redis
    service = serve(Store(worker_context.store.engine, away))
    waiting = service.send([make_action()])
    wait_until(lambda: service.batcher.pending.waiting == 1)
    open_breaker(away)
    started = time.monotonic()
    gate.set()
    assert the_result(waiting).status is Status.PENDING
    assert time.monotonic() - started < PATIENCE_SECONDS / 2


def test_a_stalled_postgresql_is_an_error_in_time_and_the_action_is_there_afterwards(
    serve: Serve, settings: Settings, worker_context: WorkerContext
) -> None:
    proxy = Proxy(settings.database_url)
    stalled = connect(replace(settings, database_url=proxy.url))
    service = serve(stalled, commit_wait_seconds=0.5)
    try:
        the_result(service.send([make_action()], wait_seconds=0))
        proxy.stall()
        started = time.monotonic()
        action = make_action()
        futures = [service.send([action], wait_seconds=wait) for wait in (0, 0.1, PATIENCE_SECONDS)]
        for future in futures:
            with pytest.raises(DatabaseUnavailableError, match="outcome is not known"):
                future.result(timeout=20)
        assert time.monotonic() - started < PATIENCE_SECONDS / 2
        proxy.flow()
        wait_until(lambda: count_actions(worker_context.store) == 2)
        (again,) = service.send([action]).result(timeout=20)
        assert again.acceptance is Acceptance.DUPLICATE
    finally:
        proxy.flow()
        service.batcher.stop()
        stalled.close()
        proxy.close()


def test_a_flush_that_fails_ends_no_other(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    service, before = serve(), failures_of("flusher")
    with monkeypatch.context() as patch:
        patch.setattr(batcher_module, "accept_actions", fail_once(LookupError("a bug")))
        with pytest.raises(LookupError):
            service.send([make_action()]).result(timeout=20)
    wait_until(lambda: failures_of("flusher") == before + 1)
    service.runs_at_once = True
    assert the_result(service.send([make_action()])).status is Status.APPLIED


def test_postgresql_away_is_no_failure_of_the_flusher(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, before = serve(), failures_of("flusher")
    monkeypatch.setattr(batcher_module, "accept_actions", fail_once(DatabaseUnavailableError()))
    with pytest.raises(DatabaseUnavailableError):
        service.send([make_action()]).result(timeout=20)
    assert failures_of("flusher") == before
    assert service.batcher.thread.is_healthy


def test_a_defect_before_the_flush_is_counted_and_the_queue_is_flushed_later(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, before = serve(), failures_of("flusher")
    service.runs_at_once = True
    defects = [LookupError("a bug"), LookupError("a bug")]
    pause_seconds = service.batcher._pause_seconds

    def fail_twice() -> float:
        if defects:
            raise defects.pop()
        return pause_seconds()

    monkeypatch.setattr(service.batcher, "_pause_seconds", fail_twice)
    assert the_result(service.send([make_action()])).status is Status.APPLIED
    assert failures_of("flusher") == before + 2


def test_a_flusher_that_cannot_go_on_refuses_actions_and_ends_its_process(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, ended = [0.0], threading.Event()
    # Long enough for the commit of the last action on a slow machine, too.
    service = serve(commit_wait_seconds=2.0)
    # Not by monkeypatch, which would put the real end of the process back before the thread stops.
    service.batcher.thread._clock = lambda: now[0]
    service.batcher.thread._end_process = ended.set
    wait_until(lambda: service.batcher.thread.seconds_since_success == 0, timeout_seconds=5)
    with monkeypatch.context() as patch:
        patch.setattr(service.batcher, "_pause_seconds", fail_once(LookupError("a bug")))
        now[0] += FATAL_SECONDS + 1
        with pytest.raises(DatabaseUnavailableError, match="outcome is not known"):
            service.send([make_action()]).result(timeout=20)
        assert ended.wait(20)
        assert not service.batcher.thread.is_healthy
    service.runs_at_once = True
    assert the_result(service.send([make_action()])).status is Status.APPLIED
    wait_until(lambda: service.batcher.thread.is_healthy)


def test_an_idle_flusher_shows_that_it_is_alive(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert IDLE_SECONDS < STUCK_SECONDS / 5
    monkeypatch.setattr(batcher_module, "IDLE_SECONDS", 0.01)
    thread = serve().batcher.thread
    for _ in range(3):
        last_success = thread._last_success
        wait_until(lambda last=last_success: thread._last_success > last)
