"""The counters of the rate limits: a storage for `limits` in memory, shared through Redis.

Ten times a second a thread sends what was counted here and receives the totals of all processes, in
one call; a request touches memory only. One that is faster than that waits for the next call, which
is then made at once for all who wait: together the processes let at most a tenth more through than
the limit, however many they are. Without Redis each process counts alone.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from limits.storage import Storage

from domain.errors import RedisUnavailableError
from domain.store.redis.client import RedisClient
from domain.store.redis.counters import Hits, add_hits
from web.server.greenlets import Event, make_event
from workers.process.background import BackgroundThread

SHARE_SECONDS = 0.1
# Bounds one call; the rest goes with the next.
MAX_SHARED_AT_ONCE = 2000
# What all processes together may let through beyond a limit, as a part of it.
OVERRUN = 0.1
# With nothing counted, a process still tells that it is there, and learns of others.
TELL_EVERY_SHARES = 10
# Redis answers within a millisecond or two; a request does not wait longer than this for it.
SHARE_WAIT_SECONDS = 0.25
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


@dataclass(slots=True, eq=False)
class _Waiter:
    """A request that waits for a share: its hit was the `index`-th that its counter had not shared.

    `total` is the window's total up to this hit, once it is known.
    """

    counter: _Counter
    index: int
    event: Event
    total: int | None = None


class SharedCounters(Storage):
    """Counts hits in windows aligned to the clock, so that they are the same in every process.

    `clock` is the time of day, in seconds of the epoch.
    """

    STORAGE_SCHEME = None

    def __init__(
        self,
        redis: RedisClient,
        clock: Callable[[], float] = time.time,
        make_event: Callable[[], Event] = make_event,
    ):
        super().__init__()
        self._redis = redis
        self._clock = clock
        self._counters: dict[str, _Counter] = {}
        self._unshared: dict[str, _Counter] = {}
        self._lock = threading.Lock()
        self._make_event = make_event
        self._waiters: list[_Waiter] = []
        self._process = uuid4().hex
        self._processes = 1
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

    def count(
        self, key: str, window_seconds: int, amount: int = 1, *, limit: int | None = None
    ) -> tuple[int, int]:
        """Count a hit and return the window's total up to it, and its end in seconds of the epoch.

        With a `limit` that others could use up meanwhile, waits up to SHARE_WAIT_SECONDS for the
        totals of all processes.
        """
        window = int(self._clock() // window_seconds)
        with self._lock:
            counter = self._counters.get(key)
            if counter is None or counter.window != window:
                counter = self._counters[key] = _Counter(window, window_seconds)
            counter.own += amount
            self._unshared[key] = counter
            total, waiter = counter.total, self._make_waiter(counter, limit)
        if waiter is not None:
            self.thread.wake()
            waiter.event.wait(SHARE_WAIT_SECONDS)
            total = total if waiter.total is None else waiter.total
        return total, (window + 1) * window_seconds

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
            waiters, self._waiters = self._waiters, []
            counters = self._pop_unshared(waiters)
            hits = [
                Hits(f"{key}:{counter.window}", counter.own, counter.window_seconds)
                for key, counter in counters
            ]
        try:
            if hits or self._shares % TELL_EVERY_SHARES == 0:
                self._exchange(counters, hits, waiters)
        finally:
            for waiter in waiters:
                waiter.event.set()

    def _make_waiter(self, counter: _Counter, limit: int | None) -> _Waiter | None:
        """Return a waiter for the counter's last hit if it must not be judged without the others.

        Not if it is over the limit by what is known, nor while it is one of the few that each
        process may let through unseen: only then do all together stay within OVERRUN.
        """
        if limit is None or self._processes == 1 or counter.total > limit:
            return None
        if counter.own <= int(OVERRUN * limit / self._processes):
            return None
        if not (self._redis.usable and self.thread.is_alive) or self.thread.is_stopping:
            return None
        waiter = _Waiter(counter, counter.own, self._make_event())
        self._waiters.append(waiter)
        return waiter

    def _pop_unshared(self, waiters: list[_Waiter]) -> list[tuple[str, _Counter]]:
        """Take the counters to be shared, first of all those that requests wait for."""
        awaited = {id(waiter.counter) for waiter in waiters}
        keys = list(self._unshared)
        if len(keys) > MAX_SHARED_AT_ONCE:
            keys.sort(key=lambda key: id(self._unshared[key]) not in awaited)
        return [(key, self._unshared.pop(key)) for key in keys[:MAX_SHARED_AT_ONCE]]

    def _exchange(
        self, counters: list[tuple[str, _Counter]], hits: list[Hits], waiters: list[_Waiter]
    ) -> None:
        try:
            shared = add_hits(self._redis, hits, process=self._process)
        except RedisUnavailableError:
            with self._lock:
                for key, counter in counters:
                    if self._counters.get(key) is counter:
                        self._unshared[key] = counter
            raise
        before: dict[int, int] = {}
        with self._lock:
            self._processes = max(1, shared.processes)
            for (_, counter), hit, total in zip(counters, hits, shared.totals, strict=True):
                counter.shared = total
                before[id(counter)] = total - hit.count
                # Not 0: more may have been counted since the call began.
                counter.own -= hit.count
            shared_hits = {
                id(counter): hit.count for (_, counter), hit in zip(counters, hits, strict=True)
            }
            for later in self._waiters:
                later.index -= shared_hits.get(id(later.counter), 0)
        for waiter in waiters:
            if id(waiter.counter) in before:
                waiter.total = before[id(waiter.counter)] + waiter.index

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
