"""`/metrics` shows the open circuit breakers of running processes, and of no others."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from domain.settings import Settings
from domain.store.store import Store
from tests.local.project import free_ports
from tests.resilience.procfile_processes import ProcfileProcess
from tests.resilience.test_rolling_restart import answers_at, says_ready
from tests.running.redis_server import RedisServer
from tests.waiting import wait_until

# A worker uses Redis every 5 s, and its second failure opens the circuit breaker.
NOTICED_SECONDS = 30.0


class Fleet:
    """One process of each kind that uses Redis through a circuit breaker."""

    def __init__(self, settings: Settings, metrics: Path):
        self.port, live_port = free_ports(2)
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(metrics), "LIVE_PORT": str(live_port)}
        self.api = self._keep("api", settings, self.port, shared | {"PORT": str(self.port)})
        self.live = self._keep("live", settings, live_port, shared)
        self.worker = ProcfileProcess(
            "worker", settings, says_ready, LAUREL_PROCESS="worker", **shared
        )
        self.keeper = ProcfileProcess(
            "keeper", settings, lambda _: True, LAUREL_PROCESS="keeper", **shared
        )
        self.all = (self.api, self.live, self.worker, self.keeper)

    def _keep(
        self, name: str, settings: Settings, port: int, env: dict[str, str]
    ) -> ProcfileProcess:
        return ProcfileProcess(
            name, settings, lambda _: answers_at(port), LAUREL_PROCESS=name, **env
        )

    def read(self, name: str) -> float:
        """Return the value of a metric."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
        assert found, text
        return float(found[1])

    def wait_for_open(self, count: int) -> None:
        """Wait until `count` circuit breakers are open."""
        wait_until(
            lambda: self.read("laurel_redis_breakers_open") == count,
            timeout_seconds=NOTICED_SECONDS,
        )


@pytest.fixture
def fleet(
    settings: Settings, store: Store, redis_server: RedisServer, tmp_path: Path
) -> Iterator[Fleet]:
    """The running processes, on a Redis that may be stalled or killed."""
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    fleet = Fleet(replace(settings, redis_url=redis_server.url), metrics)
    with ExitStack() as stack:
        for process in fleet.all:
            stack.callback(process.end)
            process.start()
        yield fleet


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["stalled", "killed"])
def test_metrics_show_how_many_circuit_breakers_are_open(
    fleet: Fleet, redis_server: RedisServer, loss: str
) -> None:
    assert fleet.read("laurel_redis_breakers_open") == 0
    redis_server.stall() if loss == "stalled" else redis_server.kill()
    fleet.wait_for_open(len(fleet.all))
    openings = fleet.read("laurel_redis_breaker_openings_total")
    assert openings >= len(fleet.all)
    fleet.keeper.end()
    fleet.live.end()
    fleet.wait_for_open(2)
    assert fleet.read("laurel_redis_breaker_openings_total") >= openings, (
        "the counters of ended processes are kept"
    )
    fleet.keeper.start()
    fleet.wait_for_open(3)
    redis_server.go_on() if loss == "stalled" else redis_server.start()
    fleet.wait_for_open(0)
