"""Real workers and keepers on the test's stores, and the way to hand them batches."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from tests.waiting import wait_until
from tests.workers.processes import KEEPER, WORKER, Running, Supervised, make_environment
from workers.celery import app

StartWorker = Callable[..., Running]
Supervise = Callable[..., Supervised]


@pytest.fixture
def broker(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `submit_batch` of this process reach the broker of the test's workers.

    Celery keeps its pool of connections for the life of the process; it is not closed here.
    """
    for name, value in make_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert app.conf.broker_url == settings.redis_url
    assert app.conf.broker_transport_options["global_keyprefix"] == keys.broker_prefix()
    assert rebuild_board(store, board=GLOBAL_BOARD)


@pytest.fixture
def start_worker(
    settings: Settings, store: Store, broker: None, tmp_path: Path
) -> Iterator[StartWorker]:
    """Start workers that are ready when the call returns; they end with the test."""
    started: list[Running] = []

    def start(faults: Mapping[str, str] | None = None) -> Running:
        forget_heartbeats(store)
        environment = {**make_environment(settings), **(faults or {})}
        worker = Running(WORKER, environment, tmp_path / "worker.log")
        started.append(worker)
        wait_until(lambda: is_alive(store, worker), timeout_seconds=30)
        return worker

    yield start
    for worker in started:
        worker.end()


@pytest.fixture
def supervise(settings: Settings, broker: None, tmp_path: Path) -> Iterator[Supervise]:
    """Keep processes of a kind running, whatever they do to themselves, until the test ends."""
    kept: list[Supervised] = []

    def keep(kind: str, faults: Mapping[str, str] | None = None) -> Supervised:
        environment = {**make_environment(settings), **(faults or {})}
        arguments = {"worker": WORKER, "keeper": KEEPER}[kind]
        kept.append(Supervised(arguments, environment, tmp_path / f"{kind}.log"))
        return kept[-1]

    yield keep
    for supervised in kept:
        supervised.end()


def forget_heartbeats(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("DELETE FROM heartbeats"))


def is_alive(store: Store, worker: Running) -> bool:
    assert worker.exit_code is None, "the worker ended before it was ready"
    with store.write() as connection:
        found = connection.execute(text("SELECT 1 FROM heartbeats WHERE process = 'worker'"))
        return found.first() is not None
