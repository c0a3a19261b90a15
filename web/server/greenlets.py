"""Ordinary code on an event loop: run in a greenlet, it can wait without holding up the loop.

`cross` runs a function so; inside, `await_here`, `run_blocking` and a Signal's `wait` give the loop
back until there is something to go on with. On any other thread they simply block.
"""

import asyncio
import contextvars
import functools
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar, cast

from greenlet import GreenletExit, getcurrent, greenlet

from domain.errors import OverloadedError

BLOCKING_THREADS = 128
# Work that may stand before them: more would wait longer than its client.
MAX_QUEUED_WORK = 128
# For what must be answered while all others wait for a store that is away.
WATCH_THREADS = 4

Result = TypeVar("Result")


class Signal(Protocol):
    """Something that happens once; may be set on any thread."""

    def set(self) -> None:
        """Say that it has happened."""

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; return whether it has happened."""


class Bridge:
    """One event loop, the greenlets on it, and the threads for what would block it."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self.loop = loop
        self._threads = ThreadPoolExecutor(BLOCKING_THREADS, thread_name_prefix="blocking")
        self._watch_threads = ThreadPoolExecutor(WATCH_THREADS, thread_name_prefix="watch")
        self._unfinished = 0
        self._idle: list[_Crossing] = []
        self._happened: deque[LoopSignal] = deque()
        self._is_woken = False

    async def cross(self, function: Callable[[], Result]) -> Result:
        """Return what the function returns; the loop goes on whenever it waits."""
        crossing = self._idle.pop() if self._idle else self._make_crossing()
        waits_for = crossing.switch(function)
        while not crossing.is_over:
            try:
                answer = await waits_for
            except BaseException as error:  # noqa: BLE001 - it goes to who waits
                waits_for = crossing.throw(error)
            else:
                waits_for = crossing.switch(answer)
        self._idle.append(crossing)
        return cast(Result, crossing.take_result())

    async def run_on_thread(self, work: Callable[[], Result]) -> Result:
        """Do the work on a thread; raises OverloadedError when too much stands before it."""
        if self._unfinished >= BLOCKING_THREADS + MAX_QUEUED_WORK:
            raise OverloadedError
        self._unfinished += 1
        try:
            return await self.loop.run_in_executor(self._threads, work)
        finally:
            self._unfinished -= 1

    async def run_on_watch_thread(self, work: Callable[[], Result]) -> Result:
        """Do the work on a thread that no ordinary request has."""
        return await self.loop.run_in_executor(self._watch_threads, work)

    def tell(self, signal: "LoopSignal") -> None:
        """Wake who waits for the signal; for many of a moment the loop is woken once."""
        self._happened.append(signal)
        if not self._is_woken:
            self._is_woken = True
            self.loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Start nothing more on threads."""
        for threads in (self._threads, self._watch_threads):
            threads.shutdown(wait=False, cancel_futures=True)

    def _make_crossing(self) -> "_Crossing":
        crossing = _Crossing(self)
        # To where it waits for a function: what it is started with it would keep to its end.
        crossing.switch()
        return crossing

    def _wake(self) -> None:
        # In this order: what is told from here on wakes the loop again.
        self._is_woken = False
        while self._happened:
            self._happened.popleft().release()


class LoopSignal:
    """A Signal that a greenlet on the loop waits for."""

    __slots__ = ("_bridge", "_future", "_has_happened")

    def __init__(self, bridge: Bridge):
        self._bridge = bridge
        self._future: asyncio.Future[None] | None = None
        self._has_happened = False

    def set(self) -> None:
        """Say that it has happened."""
        self._has_happened = True
        self._bridge.tell(self)

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds, in a greenlet; return whether it has happened."""
        if not self._has_happened and timeout > 0:
            self._future = self._bridge.loop.create_future()
            timer = self._bridge.loop.call_later(timeout, self.release)
            try:
                await_here(self._future)
            finally:
                timer.cancel()
        return self._has_happened

    def release(self) -> None:
        """Let who waits go on; on the loop's own thread."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class _Crossing(greenlet):
    """A greenlet that runs one function after the other; its parent is the loop.

    It is kept: the stack of a new one costs a tenth of a request.
    """

    def __init__(self, bridge: Bridge):
        super().__init__()
        self.bridge = bridge
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
            except BaseException as error:  # noqa: BLE001 - it goes to who crossed
                self._error = error
            self.is_over = True
            # Idle, it must not keep its last request, nor a body that the server waits to see gone.
            del function

    def take_result(self) -> Any:
        """Return what the function returned, or raise what it raised."""
        result, error = self._result, self._error
        self._result = self._error = None
        if error is not None:
            raise error
        return result


def await_here(awaitable: Awaitable[Result]) -> Result:
    """Wait for the awaitable and return its result; only inside `Bridge.cross`."""
    crossing: Any = getcurrent()
    return cast(Result, crossing.parent.switch(awaitable))


def run_blocking(work: Callable[[], Result], *, for_watching: bool = False) -> Result:
    """Return what the work returns; on the loop it is done by a thread, elsewhere here and now.

    It runs in a copy of the current context. Raises OverloadedError when too much waits for a
    thread, except `for_watching`.
    """
    crossing = getcurrent()
    if not isinstance(crossing, _Crossing):
        return work()
    context = contextvars.copy_context()
    bridge = crossing.bridge
    run = bridge.run_on_watch_thread if for_watching else bridge.run_on_thread
    return await_here(run(functools.partial(context.run, work)))


def make_signal() -> Signal:
    """Return a signal for the current thread or greenlet to wait for."""
    crossing = getcurrent()
    return LoopSignal(crossing.bridge) if isinstance(crossing, _Crossing) else threading.Event()
