"""The submitter and the queue's age: threads that no error ends."""

import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.errors import RedisUnavailableError
from domain.store.store import Store
from tests.factories import make_action
from tests.waiting import wait_until
from tests.web.intake.batch_service import failures_of
from web.intake import queue_age, submitter
from web.intake.queue_age import TRY_SECONDS, QueueAge
from web.intake.submitter import Submitter
from workers.process.background import STUCK_SECONDS


class Broker:
    """Takes batches, or raises what the test has put in its way."""

    def __init__(self) -> None:
        self.taken: list[UUID] = []
        self.errors: list[Exception] = []
        self.is_asked = threading.Event()
        self.is_open = threading.Event()
        self.is_open.set()

    def __call__(self, batch_id: UUID) -> None:
        self.is_asked.set()
        assert self.is_open.wait(10)
        if self.errors:
            raise self.errors.pop()
        self.taken.append(batch_id)


@pytest.fixture
def aging(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueAge]:
    """A look at the queue every hundredth of a second."""
    monkeypatch.setattr(queue_age, "READ_SECONDS", 0.01)
    age = QueueAge(store, max_seconds=30)
    age.start()
    yield age
    age.stop()


@pytest.mark.parametrize(
    ("error", "failures"), [(RedisUnavailableError(), 0), (LookupError("a bug"), 1)]
)
def test_a_batch_that_is_refused_is_left_to_the_keeper_and_the_next_is_published(
    error: Exception, failures: int
) -> None:
    before = failures_of("submitter")
    broker = Broker()
    broker.errors = [error]
    left: list[UUID] = []
    publisher = Submitter(broker, on_unpublished=left.append)
    publisher.start()
    refused, taken = uuid4(), uuid4()
    publisher.enqueue(refused)
    publisher.enqueue(taken)
    publisher.stop()
    assert broker.taken == [taken]
    assert left == [refused], "its requests are released"
    assert failures_of("submitter") == before + failures


def test_an_idle_submitter_shows_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    assert submitter.IDLE_SECONDS < STUCK_SECONDS / 5
    monkeypatch.setattr(submitter, "IDLE_SECONDS", 0.01)
    publisher = Submitter(Broker())
    publisher.start()
    for _ in range(3):
        last_success = publisher.thread._last_success
        wait_until(lambda last=last_success: publisher.thread._last_success > last)
    publisher.stop()
    assert not publisher.thread.is_alive


def test_a_submitter_that_is_stopped_has_published_what_was_queued() -> None:
    broker = Broker()
    publisher = Submitter(broker)
    batch_ids = [uuid4() for _ in range(20)]
    for batch_id in batch_ids:
        publisher.enqueue(batch_id)
    publisher.start()
    publisher.stop()
    assert broker.taken == batch_ids


def test_a_slow_broker_holds_up_nobody_and_what_does_not_fit_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(submitter, "MAX_QUEUED_BATCHES", 3)
    broker = Broker()
    broker.is_open.clear()
    left: list[UUID] = []
    publisher = Submitter(broker, on_unpublished=left.append)
    publisher.start()
    batch_ids = [uuid4() for _ in range(10)]
    publisher.enqueue(batch_ids[0])
    assert broker.is_asked.wait(10)
    for batch_id in batch_ids[1:]:
        publisher.enqueue(batch_id)
    broker.is_open.set()
    publisher.stop()
    assert broker.taken == batch_ids[:4]
    assert left == batch_ids[4:]


def test_the_age_is_that_of_the_oldest_batch_and_goes_when_it_is_scored(
    aging: QueueAge, store: Store
) -> None:
    accept_actions(store, actions=[make_action()], reply_to=None)
    assert not aging.is_overdue
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE action_batches SET created_at = now() - interval '31 seconds',"
                " updated_at = now() - interval '31 seconds'"
            )
        )
    wait_until(lambda: aging.is_overdue)
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET stage = 'scored'"))
    wait_until(lambda: not aging.is_overdue)


def test_an_age_that_cannot_be_read_does_not_refuse_actions_forever(
    aging: QueueAge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_connection: object) -> float:
        raise LookupError("a bug")

    monkeypatch.setattr(queue_age, "read_queue_age_seconds", lambda _connection: 99.0)
    wait_until(lambda: aging.is_overdue)
    before = failures_of("queue-age")
    monkeypatch.setattr(queue_age, "read_queue_age_seconds", fail)
    wait_until(lambda: not aging.is_overdue)
    wait_until(lambda: failures_of("queue-age") > before)
    monkeypatch.setattr(queue_age, "read_queue_age_seconds", lambda _connection: 99.0)
    wait_until(lambda: aging.is_overdue)


def test_while_the_queue_is_too_long_one_request_a_second_is_let_through(store: Store) -> None:
    now = [100.0]
    aging = QueueAge(store, max_seconds=30, clock=lambda: now[0])
    assert not aging.refuses()
    aging.seconds = 31.0
    assert [aging.refuses() for _ in range(3)] == [False, True, True]
    now[0] += TRY_SECONDS
    assert [aging.refuses() for _ in range(3)] == [False, True, True]
    aging.seconds = 30.0
    assert [aging.refuses() for _ in range(3)] == [False] * 3
