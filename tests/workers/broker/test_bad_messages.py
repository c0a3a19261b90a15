"""Messages that are none of ours: dropped and counted, and the worker goes on at once."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kombu import Connection, Consumer
from prometheus_client import REGISTRY
from redis import Redis

from domain.actions.chain import Stage
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from tests.waiting import wait_until
from tests.workers.conftest import StartWorker
from tests.workers.test_chain import accept, list_stages, make_action
from workers.broker import submit_batch
from workers.celery import app

COPIES = 40
SECONDS = 20.0


def make_message(**fields: Any) -> bytes:
    """Return a message as Celery writes it, with some fields replaced."""
    name = str(uuid4())
    message = {
        "body": json.dumps([[], {"batch_id": name}, {}]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "workers.tasks.screen_batch", "id": name},
        "properties": {
            "delivery_info": {"exchange": "actions", "routing_key": "actions"},
            "delivery_tag": name,
            "body_encoding": None,
        },
        **fields,
    }
    return json.dumps(message).encode()


def make_properties(**fields: Any) -> dict[str, Any]:
    properties: dict[str, Any] = json.loads(make_message())["properties"]
    return {**properties, **fields}


JUNK = {
    "bytes": b"\x00\xff\xfenot a message",
    "no JSON": b"{'single': 'quotes'}",
    "nothing": b"",
    "too deep": b"[" * 100_000,
    "null": b"null",
    "a number": b"17",
    "a list": b"[1, 2]",
    "an empty object": b"{}",
    "a broken date": b'{"__type__": "datetime", "__value__": 5}',
    "properties are a list": make_message(properties=[]),
    "no delivery tag": make_message(properties={}),
    "a list for a tag": make_message(properties=make_properties(delivery_tag=[])),
    "headers are a list": make_message(headers=[]),
    "headers are null": make_message(headers=None),
    "no task": make_message(headers={}),
    "an unknown task": make_message(headers={"task": "no.such.task", "id": "1"}),
    "an unknown task without id": make_message(headers={"task": "no.such.task"}),
    "a list for a task": make_message(headers={"task": [], "id": "1"}),
    "no id": make_message(headers={"task": "workers.tasks.screen_batch"}),
    "a wrong time": make_message(
        headers={"task": "workers.tasks.screen_batch", "id": "1", "eta": "soon"}
    ),
    "another content": make_message(**{"content-type": "application/x-python-serialize"}),
    "a body of another shape": make_message(body="17"),
    "a body that is no text": make_message(body=17),
    "a body that is no JSON": make_message(body="{"),
    "an unknown encoding": make_message(properties=make_properties(body_encoding="rot13")),
}


def count_dropped() -> float:
    metrics = REGISTRY.collect()
    return sum(
        sample.value
        for metric in metrics
        for sample in metric.samples
        if sample.name == "laurel_broker_messages_dropped_total"
    )


def test_a_worker_lives_on_whatever_is_in_its_queue(
    start_worker: StartWorker, store: Store, settings: Settings, tmp_path: Path
) -> None:
    worker = start_worker()
    with Redis.from_url(settings.redis_url) as redis:
        for junk in JUNK.values():
            redis.lpush(keys.broker_prefix() + "actions", *[junk] * COPIES)
    submit_batch(accept(store, [make_action()]))
    wait_until(lambda: list_stages(store) == [Stage.DONE], timeout_seconds=SECONDS)
    assert worker.exit_code is None
    log = (tmp_path / "worker.log").read_text()
    assert log.count("worker ready") == 1, "it did not even connect again"
    assert log.count("broker message dropped") >= COPIES * (len(JUNK) - 5)


@pytest.fixture
def consumer(broker: None, settings: Settings) -> Iterator[Connection]:
    """A connection to this test's Redis as a worker makes it."""
    with app.connection_for_read() as connection:
        yield connection


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_a_message_that_fails_is_counted_and_not_delivered_again(
    consumer: Connection, settings: Settings, junk: bytes
) -> None:
    before = count_dropped()
    queue = app.amqp.queues["maintenance"](consumer.default_channel)

    def fail(message: Any) -> None:
        raise ValueError(message)

    taking = Consumer(consumer.default_channel, [queue], on_message=fail)
    with Redis.from_url(settings.redis_url) as redis, taking:
        redis.lpush(keys.broker_prefix() + "maintenance", junk)
        # Returns after a message, and raises when there is none.
        with suppress(TimeoutError):
            consumer.drain_events(timeout=0.2)
        assert redis.hlen(f"{keys.broker_prefix()}unacked") == 0
        assert redis.llen(f"{keys.broker_prefix()}maintenance") == 0
    assert count_dropped() == before + 1
