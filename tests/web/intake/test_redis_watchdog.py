"""A Redis that stalls, dies or is full releases the requests that wait for a reply through it."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import ClassVar, cast
from uuid import uuid4

import pytest

from domain.actions.intake import AcceptedBatch, IntakeOutcome
from domain.actions.model import Status, Submission
from domain.boards.model import GLOBAL_BOARD
from domain.errors import RedisUnavailableError
from domain.settings import Settings
from domain.store.redis.client import TIMEOUT_SECONDS, RedisClient, connect_redis
from domain.store.store import Store
from tests.factories import make_action
from tests.running.redis_server import RedisServer
from tests.waiting import wait_until
from tests.web.intake.batch_service import (
    PATIENCE_SECONDS,
    Gate,
    count_actions,
    failures_of,
    the_result,
)
from web.intake.batcher import Batcher
from web.intake.pending import PendingBatches
from web.intake.redis_watchdog import CHECK_SECONDS, RedisWatchdog
from web.intake.submitter import Submitter

# What a request may be blocked by a stalled Redis, and what that may take on a busy machine.
MOST_SECONDS = 0.5
BUSY_SECONDS = PATIENCE_SECONDS / 3

Send = Callable[[], "Future[Sequence[Submission]]"]


@pytest.fixture
def losing_redis(store: Store, redis_server: RedisServer) -> Iterator[Store]:
    """The stores of a process that may lose its Redis."""
    redis = connect_redis(redis_server.url)
    yield replace(store, redis=redis)
    redis.close()


@pytest.fixture
def batcher(settings: Settings, losing_redis: Store) -> Iterator[Batcher]:
    """A batcher whose batches nobody works on, under watch."""
    patient = replace(settings, result_wait_seconds=PATIENCE_SECONDS, batch_in_flight=2)
    batcher = Batcher(patient, losing_redis, lambda _batch_id: None, board=GLOBAL_BOARD)
    watch = RedisWatchdog(losing_redis.redis, batcher.pending)
    watch.start()
    batcher.start()
    yield batcher
    batcher.stop()
    watch.stop()


@pytest.fixture
def send(batcher: Batcher) -> Iterator[Send]:
    """Post one action on a thread of its own."""
    with ThreadPoolExecutor(20) as callers:
        yield lambda: callers.submit(batcher.submit, [make_action()], wait_seconds=PATIENCE_SECONDS)
        batcher.pending.give_up_all()


def test_the_watch_is_quicker_than_a_request_may_be_blocked() -> None:
    assert CHECK_SECONDS + TIMEOUT_SECONDS < MOST_SECONDS


def test_a_stall_releases_who_waits_and_holds_up_nobody_who_comes_later(
    redis_server: RedisServer, store: Store, batcher: Batcher, send: Send
) -> None:
    waiting = [send() for _ in range(5)]
    wait_until(lambda: count_actions(store) == 5)
    redis_server.stall()
    started = time.monotonic()
    assert [the_result(future).status for future in waiting] == [Status.PENDING] * 5
    assert time.monotonic() - started < BUSY_SECONDS
    started = time.monotonic()
    assert [the_result(send()).status for _ in range(5)] == [Status.PENDING] * 5
    assert time.monotonic() - started < BUSY_SECONDS
    assert count_actions(store) == 10
    assert batcher.pending.count_in_flight() == 0
    redis_server.go_on()


def test_who_is_committed_while_replies_are_given_up_is_released_too(
    redis_server: RedisServer, store: Store, send: Send, gate: Gate
) -> None:
    held_back = send()
    assert gate.reached.wait(20)
    redis_server.stall()
    started = time.monotonic()
    gate.set()
    assert the_result(held_back).status is Status.PENDING
    assert time.monotonic() - started < BUSY_SECONDS
    assert count_actions(store) == 1
    redis_server.go_on()


def test_a_death_releases_who_waits(redis_server: RedisServer, store: Store, send: Send) -> None:
    waiting = send()
    wait_until(lambda: count_actions(store) == 1)
    redis_server.kill()
    started = time.monotonic()
    assert the_result(waiting).status is Status.PENDING
    assert time.monotonic() - started < BUSY_SECONDS


def test_requests_wait_again_once_redis_is_back(
    redis_server: RedisServer, store: Store, losing_redis: Store, send: Send
) -> None:
    first = send()
    wait_until(lambda: count_actions(store) == 1)
    redis_server.stall()
    the_result(first)
    redis_server.go_on()

    def is_back() -> bool:
        try:
            return bool(losing_redis.redis.run(lambda client: client.ping()))
        except RedisUnavailableError:
            return False

    wait_until(is_back)
    patient = send()
    wait_until(lambda: count_actions(store) == 2)
    time.sleep(5 * CHECK_SECONDS)
    assert not patient.done(), "the watch lets them wait while Redis answers"


def test_a_ping_that_is_answered_does_not_hide_that_writes_are_refused(
    redis_server: RedisServer, losing_redis: Store
) -> None:
    redis_server.command("CONFIG", "SET", "maxmemory", "1")
    for _ in range(2):
        assert losing_redis.redis.check()
        with pytest.raises(RedisUnavailableError):
            losing_redis.redis.run(lambda client: client.set("x", "y"))
    assert not losing_redis.redis.check()


def test_a_batch_that_the_broker_did_not_take_keeps_nobody_waiting(
    settings: Settings, store: Store
) -> None:
    def refuse(_batch_id: object) -> None:
        raise RedisUnavailableError

    submitter = Submitter(refuse, on_unpublished=lambda batch_id: batcher.pending.give_up(batch_id))
    batcher = Batcher(
        replace(settings, result_wait_seconds=PATIENCE_SECONDS),
        store,
        submitter.enqueue,
        board=GLOBAL_BOARD,
    )
    submitter.start()
    batcher.start()
    started = time.monotonic()
    (submission,) = batcher.submit([make_action()], wait_seconds=PATIENCE_SECONDS)
    assert time.monotonic() - started < BUSY_SECONDS
    assert submission.result is not None
    assert submission.result.status is Status.PENDING
    batcher.stop()
    submitter.stop()


def test_a_check_that_fails_does_not_end_the_watchdog() -> None:
    class Redis:
        usable = True
        answers: ClassVar[list[bool]] = []

        def check(self) -> bool:
            return self.answers.pop(0) if self.answers else bool(0 / 0)

    redis, before = Redis(), failures_of("redis-watchdog")
    pending = PendingBatches(
        limit=1, wait_seconds=60, max_waiting=1, are_replies_expected=lambda: True
    )
    request = pending.open_request([make_action()], wants_results=True)
    name = request.actions[0].action_id
    outcome = IntakeOutcome((AcceptedBatch(uuid4(), frozenset({name})),))
    pending.record_commit([request], {name: (request, 0)}, outcome)
    watchdog = RedisWatchdog(cast(RedisClient, redis), pending)
    watchdog.start()
    wait_until(lambda: failures_of("redis-watchdog") > before)
    assert not request.done.wait(0)
    redis.answers[:] = [True, False]
    assert request.done.wait(20), "the next checks were made"
    watchdog.stop()
    assert not watchdog.thread.is_alive
