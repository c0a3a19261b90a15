"""The counters of the rate limits: a storage for `limits` in memory, shared through Redis.

A request touches memory only. Ten times a second a thread sends what was counted here and receives
the totals of all processes, in one call. Without Redis each process counts alone.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from limits.storage import Storage

from domain.errors import RedisUnavailableError
from domain.store.redis.client import RedisClient
from domain.store.redis.counters import Hits, add_hits
from workers.background import BackgroundThread

SHARE_SECONDS = 0.1
# Bounds one call; the rest goes with the next.
MAX_SHARED_AT_ONCE = 2000
FORGET_EVERY_SHARES = 100
# While Redis is unusable, one share in so many is tried: it is what finds Redis usable again.
TRY_EVERY_SHARES = 10


@dataclass(slots=True)
class _Counter:
    """One key in one window: all processes' total when last shared, and this process's since."""

    window: int
    window_seconds: int
    shared: int = 0
    own: int = 0

    @property
    def total(self) -> int:
        return self.shared + self.own

    @property
    def ends_at(self) -> int:
        return (self.window + 1) * self.window_seconds


class SharedCounters(Storage):
    """Counts hits in windows aligned to the clock, so that they are the same in every process.

    `clock` is the time of day, in seconds of the epoch.
    """

    STORAGE_SCHEME = None

    def __init__(self, redis: RedisClient, clock: Callable[[], float] = time.time):
        super().__init__()
        self._redis = redis
        self._clock = clock
        self._counters: dict[str, _Counter] = {}
        self._unshared: dict[str, _Counter] = {}
        self._lock = threading.Lock()
        self._shares = 0
        self.thread = BackgroundThread("limits", self._share_next, every_seconds=SHARE_SECONDS)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What `limits` may catch; no method that it calls raises it."""
        return RedisUnavailableError

    def start(self) -> None:
        """Start sharing in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop sharing."""
        self.thread.stop()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count a hit and return the window's total as this process knows it."""
        return self.count(key, expiry, amount)[0]

    def count(self, key: str, window_seconds: int, amount: int = 1) -> tuple[int, int]:
        """Count a hit and return the window's total, and its end in seconds of the epoch."""
        window = int(self._clock() // window_seconds)
        with self._lock:
            counter = self._counters.get(key)
            if counter is None or counter.window != window:
                counter = self._counters[key] = _Counter(window, window_seconds)
            counter.own += amount
            self._unshared[key] = counter
            return counter.shared + counter.own, (window + 1) * window_seconds

    def get(self, key: str) -> int:
        """Return the total of the window that was hit last."""
        counter = self._counters.get(key)
        return counter.total if counter and counter.ends_at > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window that was hit last ends, in seconds of the epoch."""
        counter = self._counters.get(key)
        return counter.ends_at if counter else self._clock()

    def check(self) -> bool:
        """Return True: counting depends on no server."""
        return True

    def reset(self) -> int:
        """Forget every counter of this process; returns how many there were."""
        with self._lock:
            count = len(self._counters)
            self._counters.clear()
            self._unshared.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one counter of this process."""
        with self._lock:
            self._counters.pop(key, None)
            self._unshared.pop(key, None)

    def share(self) -> None:
        """Add what was counted here to the shared totals and receive them.

        Raises RedisUnavailableError; what was counted then goes with the next call.
        """
        with self._lock:
            counters = [
                (key, self._unshared.pop(key)) for key in list(self._unshared)[:MAX_SHARED_AT_ONCE]
            ]
            hits = [
                Hits(f"{key}:{counter.window}", counter.own, counter.window_seconds)
                for key, counter in counters
            ]
        if not hits:
            return
        try:
            totals = add_hits(self._redis, hits)
        except RedisUnavailableError:
            with self._lock:
                for key, counter in counters:
                    if self._counters.get(key) is counter:
                        self._unshared[key] = counter
            raise
        with self._lock:
            for (_, counter), hit, total in zip(counters, hits, totals, strict=True):
                counter.shared = total
                # Not 0: more may have been counted since the call began.
                counter.own -= hit.count

    def forget_ended(self) -> None:
        """Drop the counters of windows that have ended."""
        now = self._clock()
        with self._lock:
            ended = [key for key, counter in self._counters.items() if counter.ends_at <= now]
            for key in ended:
                del self._counters[key]
                self._unshared.pop(key, None)

    def _share_next(self) -> None:
        self._shares += 1
        if self._shares % FORGET_EVERY_SHARES == 0:
            self.forget_ended()
        if self._redis.usable or self._shares % TRY_EVERY_SHARES == 0:
            # Without Redis each process counts alone, as designed: no failure of this thread.
            with suppress(RedisUnavailableError):
                self.share()
