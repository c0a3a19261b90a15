"""Batching: committed together, each told of its own; nobody waits longer than was promised."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.actions.model import Acceptance, Status
from domain.boards.model import GLOBAL_BOARD
from domain.errors import OverloadedError
from domain.settings import Settings
from domain.store.store import Store
from tests.factories import make_action
from tests.waiting import wait_until
from tests.web.intake.batch_service import (
    PATIENCE_SECONDS,
    Gate,
    Serve,
    count_actions,
    the_result,
    wait_for_queue,
)
from web.intake import batcher as batcher_module
from web.intake.batcher import Batcher
from workers.context import WorkerContext


def test_a_request_hears_its_own_result(serve: Serve) -> None:
    service = serve()
    service.runs_at_once = True
    player = uuid4()
    first = the_result(service.send([make_action(user_id=player, score=30)]))
    second = the_result(service.send([make_action(user_id=player, score=12)]))
    assert (first.status, first.previous_score, first.new_score) == (Status.APPLIED, 0, 30)
    assert (second.previous_score, second.new_score, second.rank) == (30, 42, 1)


def test_requests_that_come_together_are_one_batch(serve: Serve, gate: Gate) -> None:
    service = serve()
    service.runs_at_once = True
    first = service.send([make_action()])
    assert gate.reached.wait(20)
    others = [service.send([make_action(score=place)]) for place in range(20)]
    wait_for_queue(service, 20)
    gate.set()
    assert the_result(first).status is Status.APPLIED
    assert [the_result(other).new_score for other in others] == list(range(20))
    assert service.sizes == [1, 20]


def test_twins_in_one_flush_are_one_action(serve: Serve, gate: Gate) -> None:
    service = serve()
    service.runs_at_once = True
    service.send([make_action()])
    assert gate.reached.wait(20)
    twin = make_action(score=7)
    futures = [service.send([twin]) for _ in range(3)]
    wait_for_queue(service, 3)
    gate.set()
    taken = [future.result(timeout=20)[0] for future in futures]
    assert sorted(submission.acceptance for submission in taken) == [
        Acceptance.ACCEPTED,
        Acceptance.DUPLICATE,
        Acceptance.DUPLICATE,
    ]
    assert all(submission.result is not None for submission in taken)


def test_twins_in_one_request_are_one_action(serve: Serve) -> None:
    service = serve()
    service.runs_at_once = True
    twin, other = make_action(score=7), make_action()
    taken = service.send([twin, other, twin]).result(timeout=20)
    assert [submission.acceptance for submission in taken] == [
        Acceptance.ACCEPTED,
        Acceptance.ACCEPTED,
        Acceptance.DUPLICATE,
    ]
    assert [submission.action_id for submission in taken] == [
        twin.action_id,
        other.action_id,
        twin.action_id,
    ]


def test_of_fifty_parallel_twins_exactly_one_is_accepted(
    serve: Serve, worker_context: WorkerContext
) -> None:
    services = [serve(batch_linger_ms=1), serve(batch_linger_ms=1)]
    for service in services:
        service.runs_at_once = True
    twin = make_action(score=7)
    futures = [services[place % 2].send([twin]) for place in range(50)]
    taken = [future.result(timeout=20)[0] for future in futures]
    assert [submission.acceptance for submission in taken].count(Acceptance.ACCEPTED) == 1
    assert [submission.acceptance for submission in taken].count(Acceptance.DUPLICATE) == 49
    with worker_context.store.write() as connection:
        score = connection.execute(text("SELECT score FROM user_scores")).scalar_one()
    assert score == 7


def test_a_bad_row_fails_alone_among_strangers(serve: Serve, gate: Gate) -> None:
    service = serve()
    service.runs_at_once = True
    sound = [service.send([make_action()])]
    assert gate.reached.wait(20)
    sound += [service.send([make_action()]) for _ in range(4)]
    bad = service.send([make_action(metadata='{"a":"\\u0000"}')])
    wait_for_queue(service, 5)
    gate.set()
    assert bad.result(timeout=20)[0].acceptance is Acceptance.UNSTORABLE
    assert [the_result(future).status for future in sound] == [Status.APPLIED] * 5


def test_the_log_leads_from_each_request_to_the_batch_it_is_in(serve: Serve, gate: Gate) -> None:
    service = serve()
    first = service.send([make_action(request_id="first")])
    assert gate.reached.wait(20)
    others = {name: make_action(request_id=name) for name in ("second", "third", "fourth")}
    others["bad"] = make_action(request_id="bad", metadata='{"a":"\\u0000"}')
    for action in others.values():
        service.send([action], wait_seconds=0)
    wait_for_queue(service, 4)
    with capture_logs() as logs:
        gate.set()
        assert the_result(first).status is Status.PENDING
        service.batcher.stop()
    accepted = [line for line in logs if line["event"] == "batch accepted"]
    assert len(accepted) > 2, "the refused action broke its flush into several batches"
    named = sorted(name for line in accepted for name in line["request_ids"])
    assert named == ["first", "fourth", "second", "third"], "each once, in its own batch's line"


def test_the_bound_on_what_is_in_flight_holds_the_next_batch_back(
    serve: Serve, worker_context: WorkerContext
) -> None:
    service = serve(result_wait_seconds=PATIENCE_SECONDS, batch_in_flight=1, batch_linger_ms=0)
    first = service.send([make_action()])
    wait_until(lambda: len(service.submitted) == 1)
    second = service.send([make_action()])
    third = service.send([make_action()])
    wait_for_queue(service, 2)
    assert count_actions(worker_context.store) == 1
    service.run_pipeline()
    assert the_result(first).status is Status.APPLIED
    wait_until(lambda: len(service.submitted) == 1)
    assert count_actions(worker_context.store) == 3, "both in one batch"
    service.run_pipeline()
    assert the_result(second).status is Status.APPLIED
    assert the_result(third).status is Status.APPLIED


def test_who_comes_after_too_many_waiters_is_answered_after_the_commit(serve: Serve) -> None:
    service = serve(max_waiters=2, batch_linger_ms=0)
    patient = [service.send([make_action()]) for _ in range(2)]
    wait_until(lambda: service.batcher.pending.waiting == 2)
    assert the_result(service.send([make_action()])).status is Status.PENDING
    assert not any(future.done() for future in patient)
    service.runs_at_once = True
    service.run_pipeline()
    assert [the_result(future).status for future in patient] == [Status.APPLIED] * 2
    assert service.batcher.pending.waiting == 0


def test_stop_commits_and_answers_whoever_was_taken_in(
    serve: Serve, gate: Gate, worker_context: WorkerContext
) -> None:
    service = serve(batch_max_actions=4)
    service.runs_at_once = True
    futures = [service.send([make_action()]) for _ in range(12)]
    wait_until(lambda: service.batcher.pending.waiting == 12)
    closing = threading.Thread(target=service.batcher.stop)
    closing.start()
    wait_until(lambda: service.batcher._closing)
    with pytest.raises(OverloadedError):
        service.batcher.submit([make_action()], wait_seconds=0)
    gate.set()
    assert [the_result(future).status for future in futures] == [Status.APPLIED] * 12
    closing.join(timeout=10)
    assert not closing.is_alive()
    assert count_actions(worker_context.store) == 12


def test_too_old_a_queue_and_too_long_a_queue_are_refused_at_once(
    settings: Settings, store: Store, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_overdue = threading.Event()
    impatient = replace(settings, result_wait_seconds=0.1)
    batcher = Batcher(
        impatient, store, lambda _: None, board=GLOBAL_BOARD, is_overdue=is_overdue.is_set
    )
    batcher.start()
    monkeypatch.setattr(batcher_module, "MAX_QUEUED_ACTIONS", 3)
    with ThreadPoolExecutor(4) as callers:
        first = callers.submit(batcher.submit, [make_action()], wait_seconds=0)
        assert gate.reached.wait(20)
        second = callers.submit(batcher.submit, [make_action() for _ in range(3)], wait_seconds=0)
        wait_until(lambda: len(batcher._queue) == 1)
        with pytest.raises(OverloadedError):
            batcher.submit([make_action()], wait_seconds=0)
        gate.set()
        assert len(first.result(timeout=20)) == 1
        assert len(second.result(timeout=20)) == 3
    is_overdue.set()
    with pytest.raises(OverloadedError):
        batcher.submit([make_action()], wait_seconds=0)
    batcher.stop()
    assert count_actions(store) == 4
