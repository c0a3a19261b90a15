"""Flower as the Procfile starts it: it sees the queues, and its memory has a bound."""

import base64
import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from domain.settings import Settings
from tests.local.project import free_ports
from tests.waiting import wait_until
from workers.transport import make_broker_url

ROOT = Path(__file__).parents[3]
LOGIN = "watcher:over-the-queues"
MOST_TASKS = 200
SEND_EVENTS = f"""
from uuid import uuid4
from workers.celery import app

with app.connection_for_write() as connection, app.events.Dispatcher(connection) as dispatcher:
    for number in range(3 * {MOST_TASKS}):
        dispatcher.send("task-received", uuid=str(uuid4()), name=f"task-{{number}}")
"""


class Flower:
    """A running Flower on one Redis."""

    def __init__(self, settings: Settings, folder: Path):
        (self.port,) = free_ports(1)
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "JWT_SECRET": settings.jwt_secret,
            "LAUREL_ENV": "test",
            "LAUREL_HOME": str(folder),
            "FLOWER_PORT": str(self.port),
            "FLOWER_BASIC_AUTH": LOGIN,
            "FLOWER_MAX_TASKS": str(MOST_TASKS),
        }
        (line,) = re.findall(r"^flower: (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
        with (folder / "flower.log").open("wb") as output:
            self.process = subprocess.Popen(
                ["sh", "-c", f"exec {line}"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
            )

    def ask(self, path: str) -> tuple[int, str]:
        """Return the status and the body of an answer; 0 while it does not listen."""
        headers = {"Authorization": f"Basic {base64.b64encode(LOGIN.encode()).decode()}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()


@pytest.fixture
def flower(settings: Settings, redis: "Redis[bytes]", tmp_path: Path) -> Iterator[Flower]:
    """Flower on this worker's Redis number, which answers."""
    flower = Flower(settings, tmp_path)
    try:
        wait_until(lambda: flower.ask("/healthcheck")[0] == 200, timeout_seconds=60)
        yield flower
    finally:
        flower.process.kill()
        flower.process.wait(10)


@pytest.fixture
def redis(settings: Settings) -> Iterator["Redis[bytes]"]:
    """This worker's Redis number, empty."""
    with Redis.from_url(settings.redis_url) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.mark.slow
def test_the_page_of_the_broker_shows_the_length_of_each_queue(
    flower: Flower, redis: "Redis[bytes]"
) -> None:
    # Flower is a process of its own, with the product's prefix and not with that of the tests.
    redis.lpush("laurel:celery:actions", *["{}"] * 7)
    redis.lpush("laurel:celery:maintenance", *["{}"] * 3)
    status, page = flower.ask("/broker")
    assert status == 200, page
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    cells = [re.findall(r"<td[^>]*>\s*(.*?)\s*</td>", row, re.DOTALL) for row in rows]
    lengths = {cell[0]: cell[1] for cell in cells if len(cell) > 1}
    assert lengths == {"actions": "7", "maintenance": "3"}


@pytest.mark.slow
def test_flower_keeps_the_last_tasks_only(flower: Flower) -> None:
    def list_kept() -> list[str]:
        status, body = flower.ask("/api/tasks")
        assert status == 200, body
        return [task["name"] for task in json.loads(body).values()]

    def has_last() -> bool:
        # What is published before Flower has subscribed is lost, so it is published again.
        subprocess.run(
            [sys.executable, "-c", SEND_EVENTS], cwd=ROOT, env=flower.environment, check=True
        )
        return f"task-{3 * MOST_TASKS - 1}" in list_kept()

    wait_until(has_last, timeout_seconds=60)
    assert len(list_kept()) <= MOST_TASKS


def test_the_procfile_bounds_what_flower_keeps() -> None:
    (line,) = re.findall(r"^flower: (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    assert "--max-tasks=${FLOWER_MAX_TASKS:-5000}" in line


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        ("redis://:p@host:1/2", "redis://:p@host:1/2"),
        ("rediss://:p@host:1/2", "rediss://:p@host:1/2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix://:p@/run/r.sock?db=3", "redis+socket://:p@/run/r.sock?virtual_host=3"),
    ],
)
def test_kombu_s_address_of_the_broker_follows_from_redis_url(
    redis_url: str, broker_url: str
) -> None:
    assert make_broker_url(redis_url) == broker_url
