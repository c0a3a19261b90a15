"""Handing a batch to the broker: it never takes long, whatever the broker does."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.factories import JWT_SECRET

# In a process of its own: Celery keeps one pool of connections to one broker for each process.
SUBMIT_TWICE = """
import time
from uuid import uuid4
from domain.errors import RedisUnavailableError
from workers.broker import publish_quickly, submit_batch

publish_quickly()
for _ in range(2):
    started = time.monotonic()
    try:
        submit_batch(uuid4())
    except RedisUnavailableError:
        print(time.monotonic() - started)
"""


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_a_stalled_broker_costs_a_fraction_of_a_second(silent_server: str) -> None:
    failures = submit_twice(silent_server)
    assert len(failures) == 2
    assert max(failures) < 4


def test_an_absent_broker_costs_a_fraction_of_a_second() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free_port = listener.getsockname()[1]
    failures = submit_twice(f"redis://127.0.0.1:{free_port}/0")
    assert len(failures) == 2
    assert max(failures) < 4


def submit_twice(redis_url: str) -> list[float]:
    """Return how long each of two submissions took to fail; those that worked are left out."""
    environment = {
        **os.environ,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
        "REDIS_URL": redis_url,
        "JWT_SECRET": JWT_SECRET,
        "LAUREL_ENV": "test",
    }
    done = subprocess.run(
        [sys.executable, "-c", SUBMIT_TWICE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [float(line) for line in done.stdout.split()]
