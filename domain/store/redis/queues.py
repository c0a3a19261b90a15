"""The queues of the broker, which are lists of Redis; called by the keeper, for the metrics."""

from collections.abc import Mapping, Sequence

from redis import Redis

from domain.store.redis import keys
from domain.store.redis.client import RedisClient

QUEUES = ("actions", "maintenance")


def read_queue_lengths(redis: RedisClient, names: Sequence[str]) -> Mapping[str, int]:
    """Return how many messages of each queue no worker has taken. Raises RedisUnavailableError."""

    def read(client: Redis) -> list[int]:
        with client.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.llen(keys.broker_queue(name))
            lengths: list[int] = pipeline.execute()
            return lengths

    return dict(zip(names, redis.run(read), strict=True))
