"""The message that hastens revocations, published by `domain/accounts/sessions.py`."""

from domain.errors import RedisUnavailableError
from domain.store.redis import keys
from domain.store.redis.client import RedisClient


def announce_revocation(redis: RedisClient) -> None:
    """Make every process read the revocations now; without Redis they do within a second anyway."""
    try:
        redis.run(lambda client: client.publish(keys.revocation_channel(), "look"))
    except RedisUnavailableError:
        return
