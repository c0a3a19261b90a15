"""A worker's heartbeat outlives whatever PostgreSQL says meanwhile."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from domain.store.postgres.heartbeats import list_silence_seconds
from domain.store.store import Store
from tests.waiting import wait_until
from workers import lifecycle
from workers.context import WorkerContext
from workers.process.background import BackgroundThread


@pytest.fixture
def heartbeat(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BackgroundThread]:
    """A worker's heartbeat, much faster."""
    monkeypatch.setattr(lifecycle, "get_context", lambda: worker_context)
    thread = BackgroundThread("heartbeat", lifecycle._beat, every_seconds=0.01)
    thread.start()
    yield thread
    thread.stop()


def run(store: Store, statement: str) -> None:
    with store.write() as connection:
        connection.execute(text(statement))


def is_heard(store: Store) -> bool:
    with store.write() as connection:
        return "worker" in list_silence_seconds(connection)


@pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        ("ALTER TABLE heartbeats RENAME TO away", "ALTER TABLE away RENAME TO heartbeats"),
        (
            "CREATE RULE nothing AS ON INSERT TO heartbeats DO INSTEAD SELECT 1/0",
            "DROP RULE nothing ON heartbeats",
        ),
    ],
)
def test_a_heartbeat_goes_on_after_the_table_was_away(
    store: Store, heartbeat: BackgroundThread, break_it: str, mend_it: str
) -> None:
    failures: Callable[[], float] = lambda: heartbeat._failures._value.get()  # noqa: E731
    wait_until(lambda: is_heard(store))
    before = failures()
    run(store, break_it)
    try:
        wait_until(lambda: failures() > before)
    finally:
        run(store, mend_it)
    run(store, "DELETE FROM heartbeats")
    wait_until(lambda: is_heard(store))
    assert heartbeat.is_healthy
