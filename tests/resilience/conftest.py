"""Real workers and keepers, shared with `tests.workers`, and a Redis that may be broken."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.store import Store, connect
from tests.running.redis_server import RedisServer
from tests.workers.conftest import broker, start_worker, supervise
from tests.workers.processes import KEEPER, Running, StartKeeper, make_environment
from workers.context import WorkerContext

__all__ = ["broker", "context", "start_worker", "supervise"]


@pytest.fixture
def context(worker_context: WorkerContext, redis_server: RedisServer) -> Iterator[WorkerContext]:
    """A worker's context with a trusted board, on a Redis that may be killed."""
    settings = replace(worker_context.settings, redis_url=redis_server.url)
    redis = connect(settings).redis
    store = Store(worker_context.store.engine, redis)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    yield WorkerContext(settings, store, worker_context.policy)
    redis.close()


@pytest.fixture
def start_keeper(settings: Settings, store: Store, tmp_path: Path) -> Iterator[StartKeeper]:
    """Start keepers on the test's stores; they end with the test."""
    started: list[Running] = []

    def start(faults: Mapping[str, str]) -> Running:
        environment = {**make_environment(settings), **faults}
        started.append(Running(KEEPER, environment, tmp_path / "keeper.log"))
        return started[-1]

    yield start
    for keeper in started:
        keeper.end()
