"""The hand-over to the broker, and the look at the queue's age: threads that nothing ends."""

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
from web.intake import queue_age, submitter
from web.intake.queue_age import QueueAge
from web.intake.submitter import Submitter


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


@pytest.mark.parametrize("error", [RedisUnavailableError(), LookupError("a bug")])
def test_a_batch_that_is_refused_is_left_to_the_keeper_and_the_next_is_published(
    error: Exception,
) -> None:
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
    assert left == [refused], "who waits for its results is told"


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


def test_an_age_that_cannot_be_read_does_not_refuse_actions_for_ever(
    aging: QueueAge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_connection: object) -> float:
        raise LookupError("a bug")

    monkeypatch.setattr(queue_age, "read_queue_age_seconds", lambda _connection: 99.0)
    wait_until(lambda: aging.is_overdue)
    monkeypatch.setattr(queue_age, "read_queue_age_seconds", fail)
    wait_until(lambda: not aging.is_overdue)
    monkeypatch.setattr(queue_age, "read_queue_age_seconds", lambda _connection: 99.0)
    wait_until(lambda: aging.is_overdue)
