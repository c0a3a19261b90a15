"""What a consumer keeps in Redis for a message it has taken, and how many clients that takes."""

from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Consumer, Message
from redis import Redis

from domain.settings import Settings
from domain.store.redis import keys
from workers.celery import app


@pytest.fixture
def connection(broker: None) -> Iterator[Connection]:
    """A connection to this test's Redis as a worker makes it."""
    with app.connection_for_read() as connection:
        yield connection


@pytest.mark.parametrize(("name", "kept"), [("actions", 0), ("maintenance", 1)])
def test_only_messages_of_maintenance_wait_for_an_acknowledgement(
    connection: Connection, settings: Settings, name: str, kept: int
) -> None:
    message = take_one(connection, name)
    with Redis.from_url(settings.redis_url) as redis:
        assert redis.hlen(f"{keys.broker_prefix()}unacked") == kept
        message.ack()
        assert redis.hlen(f"{keys.broker_prefix()}unacked") == 0


def test_one_client_serves_a_channel_until_its_pool_is_another(connection: Connection) -> None:
    channel: Any = connection.default_channel
    with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
        assert first is second
    channel._pool = None
    with channel.conn_or_acquire() as third:
        assert third is not first
        assert third.connection_pool is channel.pool


def take_one(connection: Connection, name: str) -> Message:
    """Send a message to the product's queue of this name and take it as a worker does."""
    queue = app.amqp.queues[name](connection.default_channel)
    taken: list[Message] = []
    with connection.Producer() as producer:
        producer.publish({}, exchange=queue.exchange, routing_key=name, declare=[queue])
    with Consumer(connection.default_channel, [queue], on_message=taken.append):
        connection.drain_events(timeout=5)
    (message,) = taken
    return message
