"""The queues of the broker, which are lists of Redis, as kombu's transport reads them.

Called by the publishers of the chain's messages, and by the keeper for the metrics.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from redis import Redis

from domain.store.redis import keys
from domain.store.redis.client import RedisClient

QUEUES = ("actions", "maintenance")


def push_message(redis: RedisClient, name: str, message: bytes) -> None:
    """Append a message to a queue. Raises RedisUnavailableError."""
    redis.run(lambda client: client.lpush(keys.broker_queue(name), message))


def push_behind_others(redis: RedisClient, name: str, message: bytes) -> bool:
    """Append a message to a queue and return True, unless no message waits there.

    Raises RedisUnavailableError.
    """
    # Redis has no empty lists.
    length: Any = redis.run(lambda client: client.lpushx(keys.broker_queue(name), message))
    return bool(length)


def read_queue_lengths(redis: RedisClient, names: Sequence[str]) -> Mapping[str, int]:
    """Return how many messages of each queue no worker has taken. Raises RedisUnavailableError."""

    def read(client: Redis) -> list[int]:
        with client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.llen(keys.broker_queue(name))
            lengths: list[int] = pipeline.execute()
            return lengths

    return dict(zip(names, redis.run(read), strict=True))
