"""A connection of intake that gets no answer is abandoned, and intake goes on with another."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.actions.model import Acceptance
from domain.boards.model import GLOBAL_BOARD
from domain.errors import DatabaseUnavailableError
from domain.settings import Settings
from domain.store.store import Store, connect
from tests.factories import make_action
from tests.waiting import wait_until
from web.intake.batcher import Batcher
from web.intake.commit_watchdog import CommitWatchdog

COMMIT_WAIT_SECONDS = 1.0


@pytest.fixture
def own_store(settings: Settings, store: Store) -> Iterator[Store]:
    """A store whose connections belong to this test."""
    own = connect(settings)
    yield own
    own.close()


@pytest.fixture
def batcher(settings: Settings, own_store: Store) -> Iterator[Batcher]:
    """A batcher with its watchdog; no worker scores what it takes."""
    impatient = replace(settings, commit_wait_seconds=COMMIT_WAIT_SECONDS)
    batcher = Batcher(impatient, own_store, lambda _batch_id: None, board=GLOBAL_BOARD)
    watchdog = CommitWatchdog(own_store, commit_wait_seconds=COMMIT_WAIT_SECONDS)
    watchdog.start()
    batcher.start()
    yield batcher
    batcher.stop()
    watchdog.stop()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a backend of PostgreSQL, as a fault of its machine would."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def find_intake_backend(own_store: Store) -> int:
    with own_store.intake() as connection:
        pid: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return pid


def test_a_stopped_backend_costs_one_time_limit_and_no_more(
    batcher: Batcher, own_store: Store
) -> None:
    with stopped(find_intake_backend(own_store)), capture_logs() as logs:
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailableError):
            batcher.submit([make_action()], wait_seconds=0)
        wait_until(lambda: not own_store.intake_transactions._running)
        assert time.monotonic() - started < 3 * COMMIT_WAIT_SECONDS
        for _ in range(3):
            started = time.monotonic()
            (submission,) = batcher.submit([make_action()], wait_seconds=0)
            assert submission.acceptance is Acceptance.ACCEPTED
            assert time.monotonic() - started < COMMIT_WAIT_SECONDS
    assert [line["count"] for line in logs if line["event"] == "transactions abandoned"] == [1]


def test_requests_that_came_meanwhile_are_taken(batcher: Batcher, own_store: Store) -> None:
    answers: list[Acceptance] = []

    def submit_late() -> None:
        time.sleep(COMMIT_WAIT_SECONDS / 2)
        (submission,) = batcher.submit([make_action()], wait_seconds=0)
        answers.append(submission.acceptance)

    late = threading.Thread(target=submit_late)
    with stopped(find_intake_backend(own_store)):
        late.start()
        with pytest.raises(DatabaseUnavailableError):
            batcher.submit([make_action()], wait_seconds=0)
        late.join(20)
    assert answers == [Acceptance.ACCEPTED]


def test_a_transaction_in_time_is_left_alone(own_store: Store) -> None:
    with own_store.intake() as connection:
        assert own_store.intake_transactions.abandon(older_than_seconds=30) == 0
        assert connection.execute(text("SELECT 1")).scalar() == 1
    assert own_store.intake_transactions.abandon(older_than_seconds=0) == 0
