"""A live process as the Procfile runs it: gunicorn with its gevent worker on a real port."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import orjson

from domain.store.redis import keys
from local.ports import find_free_port
from tests.factories import JWT_SECRET

ROOT = Path(__file__).parents[3]
START_SECONDS = 40.0


@dataclass(frozen=True)
class Server:
    """A running live process."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """The address of the sockets."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def origin(self) -> str:
        """The origin of the API that belongs to it."""
        return "http://127.0.0.1:18000"

    def health(self, kind: str = "live") -> dict[str, Any]:
        """Return the body of its health."""
        with urlopen(f"http://127.0.0.1:{self.port}/health/{kind}", timeout=5) as answer:
            body: dict[str, Any] = orjson.loads(answer.read())
        return body

    def wait(self) -> None:
        """Return once it serves; a new process takes some time to load."""
        _wait_for(self)

    def worker_pids(self) -> list[int]:
        """Return the processes that may hold sockets: one, unless it has just died."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def worker_pid(self) -> int:
        """Return the process that holds the sockets."""
        (pid,) = self.worker_pids()
        return pid

    def resident_kb(self) -> int:
        """Return the memory of the worker."""
        status = Path(f"/proc/{self.worker_pid()}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index] # always there

    def cpu_seconds(self) -> float:
        """Return the CPU time the worker has used."""
        fields = Path(f"/proc/{self.worker_pid()}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running_server(
    *, database_url: str, redis_url: str, home: Path, **overrides: str
) -> Iterator[Server]:
    """Start a live process, wait until it answers, and stop it at the end."""
    port = find_free_port(None)
    log = home / f"live-{port}.log"
    env = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "JWT_SECRET": JWT_SECRET,
        "LAUREL_ENV": "test",
        "LAUREL_HOME": str(home),
        "LAUREL_TEST_KEY_PREFIX": keys.PREFIX,
        "HOST": "127.0.0.1",
        "PORT": "18000",
        "LIVE_PORT": str(port),
        **overrides,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "web/live/gunicorn_conf.py"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "tests.web.live.serving:app"], cwd=ROOT, env=env, stdout=out, stderr=out
        )
    server = Server(process, port, log)
    try:
        _wait_for(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            if server.health("ready")["status"] == "ok":
                return
        except (URLError, OSError):
            pass
        time.sleep(0.05)
    raise AssertionError(f"the live process did not start:\n{server.log.read_text()}")
