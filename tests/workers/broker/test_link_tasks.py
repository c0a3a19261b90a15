"""One task for each link: which message follows it, where it goes, and what Flower is told."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import chain
from celery.worker.request import Request

from domain.actions.chain import AUDIT, BROADCAST, CHAIN, REFRESH, SCORE, SCREEN, Link, Stage
from domain.actions.model import LinkOutcome
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import DatabaseUnavailableError
from domain.store.redis import keys
from domain.store.store import Store
from tests.waiting import wait_until
from tests.workers.conftest import StartWorker
from tests.workers.test_chain import accept, list_stages, make_action
from workers.broker import submit_batch
from workers.celery import app
from workers.chain import RUNNERS, run_link
from workers.context import WorkerContext
from workers.link_task import LinkRequest
from workers.messages.chain_messages import make_message
from workers.messages.handover import handover
from workers.tasks import TASKS

BATCH = str(uuid4())


@pytest.fixture
def queue(
    store: Store, worker_context: WorkerContext, broker: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The queue of this test's broker, to which the tasks of this process publish."""
    for user in ("workers.link_task", "workers.tasks"):
        monkeypatch.setattr(f"{user}.get_context", lambda: worker_context)
    return keys.broker_queue("actions")


def end_task(
    link: Link, outcome: LinkOutcome = LinkOutcome.MOVED, *, batch_id: str = BATCH, **request: Any
) -> None:
    """Let the link's task end with this outcome, run for a message with these facts."""
    task = TASKS[link]
    task.push_request(**{"id": "task", "root_id": "root", "retries": 0, **request})
    try:
        task.on_success(outcome.value, "task", (), {"batch_id": batch_id})
    finally:
        task.pop_request()


def list_queued(store: Store, queue: str) -> list[dict[str, Any]]:
    texts: Any = store.redis.run(lambda client: client.lrange(queue, 0, -1))
    return [json.loads(text) for text in texts]


def test_a_link_that_moved_its_batch_publishes_the_next_one(store: Store, queue: str) -> None:
    end_task(SCORE)
    (message,) = list_queued(store, queue)
    headers = message["headers"]
    assert headers["task"] == TASKS[REFRESH].name
    assert (headers["root_id"], headers["parent_id"]) == ("root", "task")
    assert headers["batch_id"] == BATCH
    assert json.loads(message["body"]) == [[], {"batch_id": BATCH}, {}]
    assert message["properties"]["correlation_id"] == headers["id"]


def test_nothing_follows_the_last_link_another_s_batch_or_a_message_with_its_own_chain(
    store: Store, queue: str
) -> None:
    end_task(BROADCAST)
    end_task(SCORE, LinkOutcome.NOT_ITS_TURN)
    end_task(SCORE, chain=[TASKS[REFRESH].si(batch_id=BATCH)])
    assert list_queued(store, queue) == []
    # An earlier try may have moved the batch without knowing it.
    end_task(SCORE, LinkOutcome.NOT_ITS_TURN, retries=1)
    assert len(list_queued(store, queue)) == 1


@pytest.mark.parametrize("link", CHAIN[:-1], ids=lambda link: link.name)
def test_the_next_link_is_handed_over_while_no_message_waits(
    store: Store, queue: str, link: Link
) -> None:
    with handover.opened():
        end_task(link)
        assert take_handed() == TASKS[following(link)].name
        assert list_queued(store, queue) == []


@pytest.mark.parametrize("link", CHAIN[:-1], ids=lambda link: link.name)
def test_messages_that_wait_come_first_once_the_replies_are_sent(
    store: Store, queue: str, link: Link
) -> None:
    store.redis.run(lambda client: client.lpush(queue, json.dumps("another")))
    with handover.opened():
        end_task(link)
        handed = take_handed()
    pushed = [message for message in list_queued(store, queue) if message != "another"]
    if link is REFRESH:
        assert handed is None
        assert [message["headers"]["task"] for message in pushed] == [TASKS[AUDIT].name]
    else:
        assert (handed, pushed) == (TASKS[following(link)].name, [])


def following(link: Link) -> Link:
    return CHAIN[CHAIN.index(link) + 1]


def take_handed() -> str | None:
    """Return the task of the message that is handed over."""
    handed = handover.take()
    return handed["headers"]["task"] if handed else None


def test_a_chain_that_is_not_shown_runs_to_its_end_in_one_task_while_no_message_waits(
    store: Store, queue: str, worker_context: WorkerContext
) -> None:
    rebuild_board(store, board=GLOBAL_BOARD)
    batch_id = accept(store, [make_action()])
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    with handover.opened():
        end_task(SCREEN, batch_id=str(batch_id), shown=False)
        assert handover.take() is None
    assert list_stages(store) == [Stage.DONE]
    assert list_queued(store, queue) == []


def test_a_link_that_fails_on_the_way_gets_a_task_of_its_own(
    store: Store, queue: str, worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = accept(store, [make_action()])
    run_link(worker_context, link=SCREEN, batch_id=batch_id)

    def fail(_context: WorkerContext, _batch_id: UUID) -> LinkOutcome:
        raise DatabaseUnavailableError

    monkeypatch.setitem(RUNNERS, REFRESH, fail)
    with handover.opened():
        end_task(SCREEN, batch_id=str(batch_id), shown=False)
        handed = handover.take()
    assert handed is not None
    assert handed["headers"]["task"] == TASKS[REFRESH].name
    assert list_stages(store) == [Stage.SCORED]


def test_a_worker_that_is_told_to_stop_leaves_the_rest_of_the_chain_to_others(
    store: Store, queue: str, worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = accept(store, [make_action()])
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    score = RUNNERS[SCORE]

    def score_and_be_told(context: WorkerContext, batch: UUID) -> LinkOutcome:
        monkeypatch.setattr("celery.worker.state.should_stop", 0)
        return score(context, batch)

    monkeypatch.setitem(RUNNERS, SCORE, score_and_be_told)
    with handover.opened():
        end_task(SCREEN, batch_id=str(batch_id), shown=False)
        assert handover.take() is None
    assert list_stages(store) == [Stage.SCORED]
    (message,) = list_queued(store, queue)
    assert message["headers"]["task"] == TASKS[REFRESH].name


def test_a_worker_that_stops_hands_nothing_over(
    store: Store, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("celery.worker.state.should_stop", 0)
    with handover.opened():
        end_task(SCREEN)
        assert handover.take() is None
    assert len(list_queued(store, queue)) == 1


def test_a_message_that_is_handed_over_is_handled_after_the_one_in_work(broker: None) -> None:
    handled: list[str] = []

    def handle(message: Any) -> None:
        handled.append(message.headers["task"])
        if len(handled) < 3:
            assert handover.is_open
            handover.put(make_message(CHAIN[len(handled)], BATCH))

    with app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        channel._handle(handle, channel.Message(make_message(CHAIN[0], BATCH), channel=channel))
    assert handled == [TASKS[link].name for link in CHAIN[:3]]
    assert not handover.is_open


class Eventer:
    """Keeps the events that a request sends."""

    enabled = True

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, type: str, *, uuid: str, **_: Any) -> None:  # noqa: A002 - Celery's name
        self.sent.append((type, uuid))


def make_request(*, is_shown: bool) -> tuple[Request, Eventer]:
    eventer = Eventer()
    with app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        message = channel.Message(make_message(AUDIT, BATCH, is_shown=is_shown), channel=channel)
        request = LinkRequest(message, app=app, task=TASKS[AUDIT], eventer=eventer)
    return request, eventer


@pytest.mark.parametrize("failure", ["task-failed", "task-retried", "task-revoked"])
def test_flower_is_told_of_a_failure_whether_or_not_the_chain_is_shown(
    broker: None, failure: str
) -> None:
    for is_shown, expected in (
        (True, ["task-received", "task-started", failure]),
        (False, ["task-received", failure]),
    ):
        request, eventer = make_request(is_shown=is_shown)
        request.send_event("task-started")
        request.send_event(failure)
        assert eventer.sent == [(kind, request.id) for kind in expected]


def test_flower_is_told_nothing_of_a_task_that_is_not_shown_and_succeeds(broker: None) -> None:
    request, eventer = make_request(is_shown=False)
    request.send_event("task-started")
    request.send_event("task-succeeded")
    assert eventer.sent == []


def test_a_task_that_was_retried_is_shown_and_so_is_what_follows_it(
    store: Store, queue: str
) -> None:
    end_task(SCORE, shown=False)
    end_task(SCORE, shown=False, retries=1)
    retried, first = list_queued(store, queue)
    assert (first["headers"]["shown"], retried["headers"]["shown"]) == (False, True)


@contextmanager
def captured_events() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Subscribe to the events of workers; the function returns those that have come."""
    events: list[dict[str, Any]] = []
    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": events.append})
        with receiver.consumer_context() as (own, _consumer, _channel):

            def take() -> list[dict[str, Any]]:
                with suppress(TimeoutError):
                    own.drain_events(timeout=0.2)
                return events

            take()
            yield take


def test_each_link_is_a_task_of_its_own_with_the_one_before_it_as_its_parent(
    start_worker: StartWorker, store: Store
) -> None:
    start_worker()
    with captured_events() as take:
        submit_batch(accept(store, [make_action()]))

        def list_events(kind: str) -> list[dict[str, Any]]:
            return [event for event in take() if event["type"] == kind]

        wait_until(lambda: len(list_events("task-succeeded")) == len(CHAIN), timeout_seconds=20)
        received = list_events("task-received")
        started = list_events("task-started")
        succeeded = list_events("task-succeeded")
    assert [event["name"] for event in received] == [task.name for task in TASKS.values()]
    ids = [event["uuid"] for event in received]
    assert len(set(ids)) == len(CHAIN)
    assert [event["uuid"] for event in started] == ids
    assert [event["uuid"] for event in succeeded] == ids
    assert [event["parent_id"] for event in received] == [None, *ids[:-1]]
    assert {event["root_id"] for event in received} == {ids[0]}


def test_a_chain_of_the_version_before_is_finished(start_worker: StartWorker, store: Store) -> None:
    batch_id = accept(store, [make_action()])
    expression = chain(*(task.si(batch_id=str(batch_id)) for task in TASKS.values()))
    start_worker()
    expression.apply_async()
    wait_until(lambda: list_stages(store) == [Stage.DONE], timeout_seconds=20)
