"""Shared counters of the rate limits: adds one process's hits to the totals of all.

Called by `web/access/shared_counters.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.store.redis import keys
from domain.store.redis.client import RedisClient

# A process shares every second at least; one that has not for so long has ended.
FORGET_PROCESS_MS = 5000


@dataclass(frozen=True, slots=True)
class Hits:
    """The hits of one window in this process since the last call."""

    window_key: str
    count: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class SharedTotals:
    """How many processes share the counters, and the total of each window over all of them."""

    processes: int
    totals: list[int]


def add_hits(redis: RedisClient, hits: Sequence[Hits], *, process: str) -> SharedTotals:
    """Add the hits of this process in one call and return the totals in order.

    Raises RedisUnavailableError; the hits may have been added all the same.
    """
    args: list[int | str] = [process, FORGET_PROCESS_MS]
    for hit in hits:
        args += [hit.count, 2 * hit.window_seconds * 1000]
    windows = [keys.rate_limit(hit.window_key) for hit in hits]
    processes, *totals = redis.run_script("add_hits", [keys.rate_limit_processes(), *windows], args)
    return SharedTotals(processes, totals)
