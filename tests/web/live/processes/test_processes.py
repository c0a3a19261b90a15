"""The live process among processes: its gauge, its threads, and a worker that is killed."""

import os
import signal
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from tests.waiting import wait_until
from tests.web.live.conftest import Connect, StartServer


@pytest.fixture
def metrics_dir(tmp_path: Path) -> Path:
    """Where the processes leave their counts."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    return folder


def read_gauge(folder: Path) -> float | None:
    """Return the open sockets of all processes, as `/metrics` reads them."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry.get_sample_value("websocket_connections_active")


def test_open_sockets_are_counted_over_processes(
    start_server: StartServer, connect: Connect, metrics_dir: Path
) -> None:
    server = start_server(PROMETHEUS_MULTIPROC_DIR=str(metrics_dir))
    first = connect(server)
    connect(server)
    assert read_gauge(metrics_dir) == 2
    first.raw.close()
    wait_until(lambda: read_gauge(metrics_dir) == 1)


def test_a_killed_worker_is_replaced_and_its_sockets_are_counted_no_more(
    start_server: StartServer, connect: Connect, metrics_dir: Path
) -> None:
    server = start_server(PROMETHEUS_MULTIPROC_DIR=str(metrics_dir))
    connect(server)
    killed = server.worker_pid()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: server.worker_pids() not in ([], [killed]))
    server.wait()
    connect(server)
    wait_until(lambda: read_gauge(metrics_dir) == 1)


def test_health_shows_that_each_background_thread_succeeds_again_and_again(
    start_server: StartServer,
) -> None:
    server = start_server()
    time.sleep(2.5)
    threads = server.health()["threads"]
    assert threads.keys() == {
        *(
            "deadlines",
            "flushes",
            "standings",
            "position",
            "listened",
            "boards",
            "board flushes",
            "around",
        )
    }
    assert threads.pop("listened") < 20
    assert all(seconds < 2 for seconds in threads.values())


def test_a_failing_background_thread_shows_in_health_and_stops_nothing_else(
    start_server: StartServer,
) -> None:
    # The bus is subscribed, but without a board in Redis the position is asked of PostgreSQL.
    server = start_server(database_url="postgresql://nobody@127.0.0.1:1/nowhere")
    wait_until(lambda: server.health()["threads"]["position"] > 3)
    assert server.health()["threads"]["deadlines"] < 2
    assert b"background step postponed" in server.log.read_bytes()
