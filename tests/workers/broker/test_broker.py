"""Submitting a batch: it never takes long, whatever the broker does."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from kombu import Consumer, Message

from domain.actions.chain import Stage
from domain.store.redis import keys
from domain.store.store import Store
from local.ports import find_free_port
from tests.factories import JWT_SECRET
from workers.broker import submit_batch
from workers.celery import app

# In another process: each process keeps one pool of connections to one broker.
SUBMIT_TWICE = """
import time
from uuid import uuid4
from domain.errors import RedisUnavailableError
from workers.broker import submit_batch
from workers.celery import app

for _ in range(2):
    started = time.monotonic()
    try:
        submit_batch(uuid4())
    except RedisUnavailableError:
        print(time.monotonic() - started)
"""


@pytest.fixture
def silent_server() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_a_stalled_broker_costs_a_fraction_of_a_second(silent_server: str) -> None:
    assert_short(submit_twice(silent_server))


def test_an_absent_broker_costs_a_fraction_of_a_second() -> None:
    assert_short(submit_twice(f"redis://127.0.0.1:{find_free_port(None)}/0"))


def test_a_batch_is_one_message_that_any_celery_reads(broker: None, store: Store) -> None:
    batch_id = uuid4()
    submit_batch(batch_id, stage=Stage.REFRESHED)
    submit_batch(uuid4(), stage=Stage.DONE)
    message = take_message()
    headers, properties = message.headers, message.properties
    assert message.payload == [[], {"batch_id": str(batch_id)}, {}]
    assert headers["task"] == "workers.tasks.audit_batch"
    assert headers["batch_id"] == str(batch_id)
    assert headers["id"] == headers["root_id"] == properties["correlation_id"]
    assert store.redis.run(lambda client: client.llen(keys.broker_queue("actions"))) == 0


def take_message() -> Message:
    """Take one message with kombu alone."""
    with app.connection_for_read() as connection:
        taken: list[Message] = []
        queue = app.amqp.queues["actions"](connection.default_channel)
        with Consumer(connection.default_channel, [queue], on_message=taken.append):
            connection.drain_events(timeout=5)
    (message,) = taken
    return message


def assert_short(failures: list[float]) -> None:
    """Without the timeouts it would be 5 s and more; the rest is for a busy machine."""
    assert len(failures) == 2
    assert max(failures) < 2.5


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
