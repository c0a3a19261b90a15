"""Turns for work that is too costly to do for everybody at once: fair by address, then by name.

Logins and registrations take one for their password's hash. Those who wait hold no thread.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from domain.errors import OverloadedError
from web.server.greenlets import PASSWORD_THREADS, Event, make_event

MAX_WAITING = 500
MAX_WAIT_SECONDS = 20.0


class Turns:
    """Lets `at_once` callers through at a time; thread-safe.

    Addresses take turns, and within an address names do: who sends very many attempts waits behind
    them alone. With `max_waiting` callers, the last one of who has most of them is turned away.
    """

    def __init__(
        self,
        *,
        at_once: int = PASSWORD_THREADS,
        max_waiting: int = MAX_WAITING,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        make_event: Callable[[], Event] = make_event,
    ):
        self._free = at_once
        self._max_waiting = max_waiting
        self._max_wait_seconds = max_wait_seconds
        self._make_event = make_event
        self._lock = threading.Lock()
        self._queue = _Queue()

    @property
    def waiting(self) -> int:
        """How many callers wait for their turn."""
        return self._queue.size

    @contextmanager
    def take(self, address: str, name: str) -> Iterator[None]:
        """Wait for a turn and hold it; raises OverloadedError when there will be none in time."""
        self._wait(_Waiter(address, name, self._make_event()))
        try:
            yield
        finally:
            self._pass_on()

    def _wait(self, waiter: "_Waiter") -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            self._queue.add(waiter)
            if self._queue.size > self._max_waiting:
                self._queue.remove_last_of_most().event.set()
        waiter.event.wait(self._max_wait_seconds)
        with self._lock:
            self._queue.discard(waiter)
        if not waiter.has_turn:
            raise OverloadedError

    def _pass_on(self) -> None:
        with self._lock:
            following = self._queue.pop_next()
            if following is None:
                self._free += 1
            else:
                following.has_turn = True
                following.event.set()


class _Waiter:
    """One caller that waits."""

    __slots__ = ("address", "event", "has_turn", "name")

    def __init__(self, address: str, name: str, event: Event):
        self.address = address
        self.name = name
        self.event = event
        self.has_turn = False


class _Queue:
    """The waiting callers by address and name; whose turn is next stands first. Not locked."""

    def __init__(self) -> None:
        self.size = 0
        self._addresses: OrderedDict[str, OrderedDict[str, deque[_Waiter]]] = OrderedDict()

    def add(self, waiter: _Waiter) -> None:
        """Append the caller to those of its name."""
        names = self._addresses.setdefault(waiter.address, OrderedDict())
        names.setdefault(waiter.name, deque()).append(waiter)
        self.size += 1

    def pop_next(self) -> _Waiter | None:
        """Remove and return the next caller; its address and its name then stand last."""
        if not self._addresses:
            return None
        address, names = next(iter(self._addresses.items()))
        name, waiters = next(iter(names.items()))
        self._addresses.move_to_end(address)
        names.move_to_end(name)
        waiter = waiters[0]
        self.discard(waiter)
        return waiter

    def remove_last_of_most(self) -> _Waiter:
        """Remove and return the last caller of the fullest name of the fullest address."""
        names = max(self._addresses.values(), key=lambda names: sum(map(len, names.values())))
        # Of names with equally many, the one that came last.
        waiters = max(reversed(names.values()), key=len)
        waiter = waiters[-1]
        self.discard(waiter)
        return waiter

    def discard(self, waiter: _Waiter) -> None:
        """Remove the caller if it still waits."""
        names = self._addresses.get(waiter.address, OrderedDict())
        waiters = names.get(waiter.name, deque())
        if waiter not in waiters:
            return
        waiters.remove(waiter)
        self.size -= 1
        if not waiters:
            del names[waiter.name]
        if not names:
            del self._addresses[waiter.address]
