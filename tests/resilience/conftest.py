"""Real workers and keepers, shared with `tests.workers`, and a Redis that may be broken."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.store.store import Store, connect
from tests.redis_server import RedisServer
from tests.workers.conftest import broker, start_worker, supervise
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
