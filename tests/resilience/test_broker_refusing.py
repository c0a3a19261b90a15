"""The broker answers with errors for some seconds: every worker reconnects and none ends."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.actions.chain import SCREEN, Stage
from domain.store.redis import keys
from tests.running.redis_server import RedisServer
from tests.waiting import wait_until
from tests.workers.processes import WORKER, Running, make_environment
from tests.workers.test_chain import accept, list_stages, make_action
from workers.celery import app
from workers.context import WorkerContext
from workers.tasks import TASKS

MAINTENANCE = ("-m", "workers.consumer", "maintenance")
REFUSING_SECONDS = 6.0
FAULTS = {
    "demoted": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    "forbidden": (
        ("ACL", "SETUSER", "default", "-@all", "+acl"),
        ("ACL", "SETUSER", "default", "+@all"),
    ),
    "queue of another type": (("SET", "{queue}", "text"), ("DEL", "{queue}")),
}


@pytest.fixture
def workers(context: WorkerContext, tmp_path: Path) -> Iterator[list[Running]]:
    """A worker of each queue on the Redis of the test."""
    environment = make_environment(context.settings)
    environment["LAUREL_HOME"] = str(tmp_path)
    started = [
        Running(WORKER, environment, tmp_path / "worker.log"),
        Running(MAINTENANCE, environment, tmp_path / "maintenance.log"),
    ]
    wait_until(
        lambda: all(is_ready(tmp_path / f"{name}.log") for name in ("worker", "maintenance")),
        timeout_seconds=30,
    )
    yield started
    for worker in started:
        worker.end()


def is_ready(log: Path) -> bool:
    return "worker ready" in log.read_text()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_workers_reconnect_when_the_broker_answers_with_errors(
    context: WorkerContext,
    redis_server: RedisServer,
    broker: None,
    workers: list[Running],
    fault: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    queue = keys.broker_prefix() + "actions"
    begin, end = ([word.format(queue=queue) for word in words] for words in fault)
    redis_server.command(*begin)
    time.sleep(REFUSING_SECONDS)
    assert [worker.exit_code for worker in workers] == [None, None]
    redis_server.command(*end)
    batch_id = accept(context.store, [make_action()])
    with app.connection_for_write(redis_server.url) as away:
        for _ in range(3):
            TASKS[SCREEN].si(batch_id=str(batch_id)).apply_async(connection=away)
    wait_until(lambda: list_stages(context.store) == [Stage.DONE], timeout_seconds=20)
    assert [worker.exit_code for worker in workers] == [None, None]
