"""Blocking code on an event loop: run in a greenlet, it can wait without blocking the loop.

`GreenletRunner.run` runs a function in a greenlet; inside it `await_`, `run_in_thread` and an
Event's `wait` yield to the loop until they can continue. On any other thread they simply block.
"""

import asyncio
import contextvars
import functools
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from enum import Enum
from typing import Any, Protocol, TypeVar, cast

from greenlet import GreenletExit, getcurrent, greenlet

from domain.errors import OverloadedError

BLOCKING_THREADS = 128
# Work that may be queued for them: more would wait longer than its client.
MAX_QUEUED_WORK = 128
# For health and metrics, which are asked most while every other thread waits for a lost store.
MONITORING_THREADS = 4
# One hash of a password takes 50 ms of a CPU and 46 MB.
PASSWORD_THREADS = 2
# They get the CPU when nobody else of this process wants it (see setpriority(2)).
PASSWORD_NICENESS = 5

Result = TypeVar("Result")


class Pool(Enum):
    """The threads that do some work: a few of their own for what must not wait, or not hurt."""

    BLOCKING = "blocking"
    MONITORING = "monitoring"
    PASSWORDS = "passwords"


class Event(Protocol):
    """An event that happens once; may be set on any thread."""

    def set(self) -> None:
        """Mark the event as happened and wake its waiter."""

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; return whether it has happened."""


class GreenletRunner:
    """One event loop, the greenlets on it, and the threads for work that would block it."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self.loop = loop
        self._threads = ThreadPoolExecutor(BLOCKING_THREADS, thread_name_prefix="blocking")
        self._own_threads = {
            Pool.MONITORING: ThreadPoolExecutor(
                MONITORING_THREADS, thread_name_prefix="monitoring"
            ),
            Pool.PASSWORDS: ThreadPoolExecutor(
                PASSWORD_THREADS, thread_name_prefix="passwords", initializer=_be_nice
            ),
        }
        self._unfinished = 0
        self._idle: list[_RunnerGreenlet] = []
        self._happened: deque[LoopEvent] = deque()
        self._is_woken = False

    async def run(self, function: Callable[[], Result]) -> Result:
        """Run the function in a greenlet and return its result; raises what the function raises."""
        current = self._idle.pop() if self._idle else self._make_greenlet()
        waits_for = current.switch(function)
        while not current.is_over:
            try:
                answer = await waits_for
            except BaseException as error:  # noqa: BLE001 - raised where the greenlet waits
                waits_for = current.throw(error)
            else:
                waits_for = current.switch(answer)
        self._idle.append(current)
        return cast(Result, current.pop_result())

    async def run_on_thread(self, work: Callable[[], Result]) -> Result:
        """Run the work on a thread; raises OverloadedError when too much is queued."""
        if self._unfinished >= BLOCKING_THREADS + MAX_QUEUED_WORK:
            raise OverloadedError
        self._unfinished += 1
        try:
            return await self.loop.run_in_executor(self._threads, work)
        finally:
            self._unfinished -= 1

    async def run_on_own_thread(self, pool: Pool, work: Callable[[], Result]) -> Result:
        """Run the work on a thread that is kept for its kind."""
        return await self.loop.run_in_executor(self._own_threads[pool], work)

    def notify(self, events: Iterable["LoopEvent"]) -> None:
        """Wake the events' waiters on the loop, which is woken once for all of them."""
        self._happened.extend(events)
        if not self._is_woken:
            self._is_woken = True
            self.loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Start no further work on threads."""
        for threads in (self._threads, *self._own_threads.values()):
            threads.shutdown(wait=False, cancel_futures=True)

    def _make_greenlet(self) -> "_RunnerGreenlet":
        current = _RunnerGreenlet(self)
        # Run it to where it waits for a function: it would keep the arguments of its first switch.
        current.switch()
        return current

    def _wake(self) -> None:
        # Reset first: an event that happens from here on wakes the loop again.
        self._is_woken = False
        while self._happened:
            self._happened.popleft().release()


class LoopEvent:
    """An Event that a greenlet on the loop waits for."""

    __slots__ = ("_future", "_has_happened", "runner")

    def __init__(self, runner: GreenletRunner):
        self.runner = runner
        self._future: asyncio.Future[None] | None = None
        self._has_happened = False

    def set(self) -> None:
        """Mark the event as happened and wake its waiter."""
        set_all((self,))

    def mark(self) -> None:
        """Mark the event as happened; its waiter is not woken."""
        self._has_happened = True

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds, in a greenlet; return whether it has happened."""
        if not self._has_happened and timeout > 0:
            self._future = self.runner.loop.create_future()
            timer = self.runner.loop.call_later(timeout, self.release)
            try:
                await_(self._future)
            finally:
                timer.cancel()
        return self._has_happened

    def release(self) -> None:
        """Resume the waiter; on the loop's thread."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class _RunnerGreenlet(greenlet):
    """A greenlet that runs one function after the other; its parent is the loop.

    It is reused: the stack of a new one costs a tenth of a request.
    """

    def __init__(self, runner: GreenletRunner):
        super().__init__()
        self.runner = runner
        self.is_over = False
        self._result: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        """Run one function after the other, each as it is switched in."""
        while True:
            function = cast(Any, self.parent).switch()
            self.is_over = False
            try:
                self._result = function()
            except GreenletExit:
                raise
            except BaseException as error:  # noqa: BLE001 - raised by `GreenletRunner.run`
                self._error = error
            self.is_over = True
            # An idle greenlet must not keep its last request, whose end the server waits for.
            del function

    def pop_result(self) -> Any:
        """Return what the function returned, or raise what it raised."""
        result, error = self._result, self._error
        self._result = self._error = None
        if error is not None:
            raise error
        return result


def await_(awaitable: Awaitable[Result]) -> Result:
    """Wait for the awaitable and return its result; only inside `GreenletRunner.run`."""
    current: Any = getcurrent()
    return cast(Result, current.parent.switch(awaitable))


def run_in_thread(work: Callable[[], Result], *, pool: Pool = Pool.BLOCKING) -> Result:
    """Return what the work returns; on the loop it is done by a thread, elsewhere here and now.

    It runs in a copy of the current context. Raises OverloadedError when too much waits for a
    thread of Pool.BLOCKING.
    """
    current = getcurrent()
    if not isinstance(current, _RunnerGreenlet):
        return work()
    context = contextvars.copy_context()
    runner = current.runner
    in_context = functools.partial(context.run, work)
    if pool is Pool.BLOCKING:
        return await_(runner.run_on_thread(in_context))
    return await_(runner.run_on_own_thread(pool, in_context))


def _be_nice() -> None:
    """Lower the priority of this thread alone, where the system knows that (Linux)."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PASSWORD_NICENESS)


def set_all(events: Iterable[Event]) -> None:
    """Set the events. A loop is woken once, after the last: woken before, it would want the
    interpreter's lock while this thread goes on, and both would pay for it.
    """
    by_runner: dict[GreenletRunner, list[LoopEvent]] = {}
    for event in events:
        if isinstance(event, LoopEvent):
            event.mark()
            by_runner.setdefault(event.runner, []).append(event)
        else:
            event.set()
    for runner, happened in by_runner.items():
        runner.notify(happened)


def make_event() -> Event:
    """Return an event for the current thread or greenlet to wait for."""
    current = getcurrent()
    return LoopEvent(current.runner) if isinstance(current, _RunnerGreenlet) else threading.Event()
