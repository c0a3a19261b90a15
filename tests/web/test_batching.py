"""Batching: committed together, each told of its own; nobody waits longer than was promised."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.model import Acceptance, ActionResult, NewAction, Status, Submission
from domain.actions.replies import publish_replies
from domain.errors import DatabaseUnavailableError, OverloadedError
from domain.settings import Settings
from domain.store import keys
from domain.store.connections import Store, connect
from tests.factories import make_action
from tests.pipeline import finish_batch
from tests.proxies import Proxy
from tests.waiting import wait_until
from web import batching
from web.batching import Batcher
from web.subscriber import Subscriber
from workers import links
from workers.context import WorkerContext

PATIENCE_SECONDS = 8.0


class Service:
    """A batcher that hears its replies, and a pipeline that runs when the test says so."""

    def __init__(self, settings: Settings, store: Store, context: WorkerContext):
        self.submitted: list[UUID] = []
        self.runs_at_once = False
        self.sizes: list[int] = []
        self._context = context
        self.batcher = Batcher(settings, store, self._submit, observe_batch=self.sizes.append)
        self._subscriber = Subscriber(
            context.store.redis,
            {keys.replies(self.batcher.origin): self.batcher.flights.land},
        )
        self._subscriber.start()
        wait_until(lambda: self._subscriber.connected)
        self._callers = ThreadPoolExecutor(60)

    def send(
        self, actions: Sequence[NewAction], *, wait_seconds: float = PATIENCE_SECONDS
    ) -> "Future[list[Submission]]":
        """Submit on a thread of its own, as a request does."""
        return self._callers.submit(self.batcher.submit, actions, wait_seconds=wait_seconds)

    def run_pipeline(self) -> None:
        """Run all links of what was submitted."""
        batch_ids, self.submitted = self.submitted, []
        for batch_id in batch_ids:
            finish_batch(self._context, batch_id)

    def close(self) -> None:
        self.batcher.close()
        self._callers.shutdown()
        stopping = threading.Thread(target=self._subscriber.stop)
        stopping.start()
        while stopping.is_alive():
            # It looks whether to stop with every message, and else once a second.
            self._say_nothing()
            stopping.join(timeout=0.02)

    def _say_nothing(self) -> None:
        origin = self.batcher.origin
        publish_replies(self._context.store.redis, origin=origin, batch_id=uuid4(), results=[])

    def _submit(self, batch_id: UUID) -> None:
        self.submitted.append(batch_id)
        if self.runs_at_once:
            self.run_pipeline()


Serve = Callable[..., Service]


@pytest.fixture
def serve(settings: Settings, worker_context: WorkerContext) -> Iterator[Serve]:
    """Make services with these settings; they end with the test."""
    services: list[Service] = []

    def make(store: Store | None = None, **overrides: Any) -> Service:
        values = {"result_wait_seconds": 0.3, **overrides}
        store = store or worker_context.store
        services.append(Service(replace(settings, **values), store, worker_context))
        return services[-1]

    yield make
    for service in services:
        service.close()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Holds every flush back until it is set."""
    event = threading.Event()
    accept = batching.accept_actions

    def accept_when_open(*args: Any, **kwargs: Any) -> Any:
        assert event.wait(20)
        return accept(*args, **kwargs)

    monkeypatch.setattr(batching, "accept_actions", accept_when_open)
    yield event
    event.set()


def the_result(future: "Future[list[Submission]]") -> ActionResult:
    (submission,) = future.result(timeout=20)
    assert submission.acceptance is Acceptance.ACCEPTED
    assert submission.result is not None
    return submission.result


def count_actions(store: Store) -> int:
    with store.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM user_actions")).scalar_one())


def queue_behind(gate: threading.Event, service: Service, requests: int) -> None:
    """Return once so many requests wait behind the flush that is held back."""
    wait_until(lambda: len(service.batcher._queue) == requests)


def test_a_request_hears_its_own_result(serve: Serve) -> None:
    service = serve()
    service.runs_at_once = True
    player = uuid4()
    first = the_result(service.send([make_action(user_id=player, score=30)]))
    second = the_result(service.send([make_action(user_id=player, score=12)]))
    assert (first.status, first.previous_score, first.new_score) == (Status.APPLIED, 0, 30)
    assert (second.previous_score, second.new_score, second.leaderboard_position) == (30, 42, 1)


def test_requests_that_come_together_are_one_batch(serve: Serve, gate: threading.Event) -> None:
    service = serve()
    service.runs_at_once = True
    first = service.send([make_action()])
    wait_until(lambda: not service.batcher._queue)
    others = [service.send([make_action(score=place)]) for place in range(20)]
    queue_behind(gate, service, 20)
    gate.set()
    assert the_result(first).status is Status.APPLIED
    assert [the_result(other).new_score for other in others] == list(range(20))
    assert service.sizes == [1, 20]


def test_twins_in_one_flush_are_one_action(serve: Serve, gate: threading.Event) -> None:
    service = serve()
    service.runs_at_once = True
    service.send([make_action()])
    wait_until(lambda: not service.batcher._queue)
    twin = make_action(score=7)
    futures = [service.send([twin]) for _ in range(3)]
    queue_behind(gate, service, 3)
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
    with worker_context.store.begin() as connection:
        score = connection.execute(text("SELECT score FROM user_scores")).scalar_one()
    assert score == 7


def test_a_bad_row_fails_alone_among_strangers(serve: Serve, gate: threading.Event) -> None:
    service = serve()
    service.runs_at_once = True
    sound = [service.send([make_action()]) for _ in range(5)]
    bad = service.send([make_action(metadata='{"a":"\\u0000"}')])
    wait_until(lambda: len(service.batcher._queue) >= 5)
    gate.set()
    assert bad.result(timeout=20)[0].acceptance is Acceptance.UNSTORABLE
    assert [the_result(future).status for future in sound] == [Status.APPLIED] * 5


def test_a_lost_reply_is_caught_up_by_one_look_for_the_whole_batch(
    serve: Serve, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    look_up = batching.list_results

    def count_looks(store: Store, *, action_ids: Sequence[UUID]) -> dict[UUID, ActionResult]:
        looks.append(len(action_ids))
        return look_up(store, action_ids=action_ids)

    monkeypatch.setattr(batching, "list_results", count_looks)
    monkeypatch.setattr(links, "publish_replies", lambda *_, **__: None)
    service = serve()
    service.runs_at_once = True
    first = service.send([make_action()], wait_seconds=0.5)
    wait_until(lambda: not service.batcher._queue)
    others = [service.send([make_action(score=place)], wait_seconds=0.5) for place in range(10)]
    queue_behind(gate, service, 10)
    gate.set()
    assert the_result(first).status is Status.APPLIED
    assert [the_result(other).new_score for other in others] == list(range(10))
    assert sorted(looks) == [1, 10]


def test_a_lost_reply_with_the_store_away_is_pending_and_no_error(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailableError

    monkeypatch.setattr(batching, "list_results", fail)
    assert the_result(serve().send([make_action()], wait_seconds=0.1)).status is Status.PENDING


def test_a_late_reply_finds_nobody_and_does_no_harm(serve: Serve) -> None:
    service = serve()
    late = make_action()
    assert the_result(service.send([late], wait_seconds=0.05)).status is Status.PENDING
    service.run_pipeline()
    wait_until(lambda: not service.batcher.flights.count())
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


def test_the_bound_on_what_is_in_flight_holds_the_next_batch_back(
    serve: Serve, worker_context: WorkerContext
) -> None:
    service = serve(result_wait_seconds=PATIENCE_SECONDS, batch_in_flight=1, batch_linger_ms=0)
    first = service.send([make_action()])
    wait_until(lambda: len(service.submitted) == 1)
    second = service.send([make_action()])
    third = service.send([make_action()])
    queue_behind(threading.Event(), service, 2)
    assert count_actions(worker_context.store) == 1
    service.run_pipeline()
    assert the_result(first).status is Status.APPLIED
    wait_until(lambda: len(service.submitted) == 1)
    assert count_actions(worker_context.store) == 3, "both in one batch"
    service.run_pipeline()
    assert the_result(second).status is Status.APPLIED
    assert the_result(third).status is Status.APPLIED


def test_a_reply_that_never_came_does_not_slow_an_idle_system_down(serve: Serve) -> None:
    service = serve(result_wait_seconds=0.1, batch_linger_ms=1000)
    assert the_result(service.send([make_action()], wait_seconds=0.2)).status is Status.PENDING
    started = time.monotonic()
    service.send([make_action()], wait_seconds=0).result(timeout=20)
    assert time.monotonic() - started < 0.8, "nothing is in flight: no linger"


def test_who_comes_after_too_many_waiters_is_answered_after_the_commit(serve: Serve) -> None:
    service = serve(max_waiters=2, batch_linger_ms=0)
    patient = [service.send([make_action()]) for _ in range(2)]
    wait_until(lambda: service.batcher._waiting == 2)
    assert the_result(service.send([make_action()])).status is Status.PENDING
    assert not any(future.done() for future in patient)
    service.runs_at_once = True
    service.run_pipeline()
    assert [the_result(future).status for future in patient] == [Status.APPLIED] * 2
    assert service.batcher._waiting == 0


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
    assert service.batcher.flights.count() == 0


def test_redis_lost_while_requests_queue_releases_them_with_their_commit(
    serve: Serve, settings: Settings, worker_context: WorkerContext, gate: threading.Event
) -> None:
    away = connect(replace(settings, redis_url="redis://127.0.0.1:1/0")).redis
    service = serve(Store(worker_context.store.engine, away))
    waiting = service.send([make_action()])
    wait_until(lambda: service.batcher._waiting == 1)
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
        assert time.monotonic() - started < 0.5 + 1.5
        proxy.flow()
        wait_until(lambda: count_actions(worker_context.store) == 2)
        (again,) = service.send([action]).result(timeout=20)
        assert again.acceptance is Acceptance.DUPLICATE
    finally:
        proxy.flow()
        service.batcher.close()
        stalled.close()
        proxy.close()


def test_a_flush_that_fails_ends_no_other(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    service = serve()
    with monkeypatch.context() as patch:
        patch.setattr(batching, "accept_actions", fail_once(LookupError("a bug")))
        with pytest.raises(LookupError):
            service.send([make_action()]).result(timeout=20)
    service.runs_at_once = True
    assert the_result(service.send([make_action()])).status is Status.APPLIED


def test_close_commits_and_answers_whoever_was_taken_in(
    serve: Serve, gate: threading.Event, worker_context: WorkerContext
) -> None:
    service = serve(batch_max_actions=4)
    service.runs_at_once = True
    futures = [service.send([make_action()]) for _ in range(12)]
    wait_until(lambda: service.batcher._waiting == 12)
    closing = threading.Thread(target=service.batcher.close)
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
    settings: Settings, store: Store, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_overdue = threading.Event()
    impatient = replace(settings, result_wait_seconds=0.1)
    batcher = Batcher(impatient, store, lambda _: None, is_overdue=is_overdue.is_set)
    monkeypatch.setattr(batching, "MAX_QUEUED_ACTIONS", 3)
    with ThreadPoolExecutor(4) as callers:
        first = callers.submit(batcher.submit, [make_action()], wait_seconds=0)
        wait_until(lambda: not batcher._queue and batcher._queued_actions == 0)
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
    batcher.close()
    assert count_actions(store) == 4


def open_breaker(redis: Any) -> None:
    while redis.usable:
        with pytest.raises(Exception, match="not available"):
            redis.run(lambda client: client.ping())


def fail_once(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail
