"""Redis of the rate limits: hits counted by one process are added up with those of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.store.redis import keys
from domain.store.redis.client import RedisClient


@dataclass(frozen=True, slots=True)
class Hits:
    """How often one window was hit in this process since the last time."""

    window_key: str
    count: int
    window_seconds: int


def add_hits(redis: RedisClient, hits: Sequence[Hits]) -> list[int]:
    """Add the hits in one call and return each window's total over all processes.

    Raises RedisUnavailableError; hits whose reply was lost may have been added.
    """
    args: list[int] = []
    for hit in hits:
        args += [hit.count, 2 * hit.window_seconds * 1000]
    totals: list[int] = redis.run_script(
        "add_hits", [keys.rate_limit(hit.window_key) for hit in hits], args
    )
    return totals
