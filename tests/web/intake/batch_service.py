"""A batcher with a pipeline behind it that runs when a test says so; fixtures for `conftest.py`."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from domain.actions.model import Acceptance, ActionResult, NewAction, Submission
from domain.actions.replies import publish_replies
from domain.boards.model import GLOBAL_BOARD
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from tests.pipeline import finish_batch
from tests.waiting import wait_until
from web.intake import batcher as batcher_module
from web.intake.batcher import Batcher
from web.server.subscriber import Subscriber
from workers.context import WorkerContext

PATIENCE_SECONDS = 8.0


class Service:
    """A batcher that hears its replies, and a pipeline that runs when the test says so."""

    def __init__(self, settings: Settings, store: Store, context: WorkerContext):
        self.submitted: list[UUID] = []
        self.runs_at_once = False
        self.sizes: list[int] = []
        self._context = context
        self.batcher = Batcher(
            settings, store, self._submit, board=GLOBAL_BOARD, observe_batch=self.sizes.append
        )
        self.batcher.start()
        self._subscriber = Subscriber(
            context.store.redis,
            {keys.replies(self.batcher.reply_to): self.batcher.pending.receive_replies},
        )
        self._subscriber.start()
        wait_until(lambda: self._subscriber.is_connected)
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
        self.batcher.stop()
        self._callers.shutdown()
        stopping = threading.Thread(target=self._subscriber.stop)
        stopping.start()
        while stopping.is_alive():
            # It looks whether to stop with every message, and else once a second.
            self._say_nothing()
            stopping.join(timeout=0.02)

    def _say_nothing(self) -> None:
        origin = self.batcher.reply_to
        publish_replies(
            self._context.store.redis,
            reply_to=origin,
            batch_id=uuid4(),
            outcomes=[],
            ranks={},
            uncounted={},
        )

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


class Gate(threading.Event):
    """Holds every flush back until it is set; `reached` says that one is held back."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate before the next flush."""
    gate = Gate()
    accept = batcher_module.accept_actions

    def accept_when_open(*args: Any, **kwargs: Any) -> Any:
        gate.reached.set()
        assert gate.wait(20)
        return accept(*args, **kwargs)

    monkeypatch.setattr(batcher_module, "accept_actions", accept_when_open)
    yield gate
    gate.set()


def the_result(future: "Future[list[Submission]]") -> ActionResult:
    (submission,) = future.result(timeout=20)
    assert submission.acceptance is Acceptance.ACCEPTED
    assert submission.result is not None
    return submission.result


def count_actions(store: Store) -> int:
    with store.write() as connection:
        return int(connection.execute(text("SELECT count(*) FROM action_ids")).scalar_one())


def wait_for_queue(service: Service, requests: int) -> None:
    """Return once so many requests wait for the next flush."""
    wait_until(lambda: len(service.batcher._queue) == requests)


def open_breaker(redis: Any) -> None:
    while redis.usable:
        with pytest.raises(Exception, match="not available"):
            redis.run(lambda client: client.ping())


def fail_once(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def failures_of(thread: str) -> float:
    """Return how many steps of the background thread have failed in this process."""
    return REGISTRY.get_sample_value("laurel_background_failures_total", {"thread": thread}) or 0.0
