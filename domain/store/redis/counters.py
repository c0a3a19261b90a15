"""Shared counters of the rate limits: adds one process's hits to the totals of all.

Called by `web/access/shared_counters.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.store.redis import keys
from domain.store.redis.client import RedisClient


@dataclass(frozen=True, slots=True)
class Hits:
    """The hits of one window in this process since the last call."""

    window_key: str
    count: int
    window_seconds: int


def add_hits(redis: RedisClient, hits: Sequence[Hits]) -> list[int]:
    """Add the hits in one call and return each window's total over all processes, in order.

    Raises RedisUnavailableError; the hits may have been added all the same.
    """
    args: list[int] = []
    for hit in hits:
        args += [hit.count, 2 * hit.window_seconds * 1000]
    totals: list[int] = redis.run_script(
        "add_hits", [keys.rate_limit(hit.window_key) for hit in hits], args
    )
    return totals
