"""The counters under the rate limits: a storage for `limits` in memory, shared through Redis.

A request only touches memory. Ten times a second a thread sends what was counted in one call and
takes in what other processes have counted. Without Redis each process counts for itself.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from limits.storage import Storage

from domain.errors import RedisUnavailableError
from domain.store.redis.client import RedisClient
from domain.store.redis.counters import Hits, add_hits

SHARE_SECONDS = 0.1
# Bounds one call; what is over goes with the next.
MAX_SHARED_AT_ONCE = 2000
FORGET_EVERY_SHARES = 100


@dataclass(slots=True)
class _Counter:
    """One key in one window: the total of all when last shared, and what came here since."""

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
    """Counts in windows cut by the clock, so that every process means the same window."""

    STORAGE_SCHEME = None

    def __init__(self, redis: RedisClient, clock: Callable[[], float] = time.time):
        super().__init__()
        self._redis = redis
        self._clock = clock
        self._counters: dict[str, _Counter] = {}
        self._unshared: dict[str, _Counter] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limits", daemon=True)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What `limits` may expect from here: nothing of ours is an error of the storage."""
        return RedisUnavailableError

    def start(self) -> None:
        """Start sharing in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sharing."""
        self._stopping.set()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count a hit and return the window's total as far as it is known here."""
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
        """Return whether counting works: it does not depend on anybody."""
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
        """Add what was counted here to the shared totals and take in theirs.

        Raises RedisUnavailableError; what was counted then goes with the next call.
        """
        with self._lock:
            taken = [
                (key, self._unshared.pop(key)) for key in list(self._unshared)[:MAX_SHARED_AT_ONCE]
            ]
            hits = [
                Hits(f"{key}:{counter.window}", counter.own, counter.window_seconds)
                for key, counter in taken
            ]
        if not hits:
            return
        try:
            totals = add_hits(self._redis, hits)
        except RedisUnavailableError:
            with self._lock:
                for key, counter in taken:
                    if self._counters.get(key) is counter:
                        self._unshared[key] = counter
            raise
        with self._lock:
            for (_, counter), hit, total in zip(taken, hits, totals, strict=True):
                counter.shared = total
                counter.own -= hit.count

    def forget_ended(self) -> None:
        """Drop the counters of windows that have ended."""
        now = self._clock()
        with self._lock:
            ended = [key for key, counter in self._counters.items() if counter.ends_at <= now]
            for key in ended:
                del self._counters[key]
                self._unshared.pop(key, None)

    def _run(self) -> None:
        shares = 0
        while not self._stopping.wait(SHARE_SECONDS):
            shares += 1
            if shares % FORGET_EVERY_SHARES == 0:
                self.forget_ended()
            if not self._redis.usable and shares % 10:
                continue
            try:
                self.share()
            except RedisUnavailableError:
                continue
