"""Ordinary code on an event loop: run in a greenlet, it can wait without holding up the loop.

`cross` runs a function so; inside, `await_here`, `run_blocking` and a Signal's `wait` give the loop
back until there is something to go on with. On any other thread they simply block.
"""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar, cast

from greenlet import getcurrent, greenlet

BLOCKING_THREADS = 128

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
        self._idle: list[_Crossing] = []
        self._happened: deque[LoopSignal] = deque()
        self._is_woken = False

    async def cross(self, function: Callable[[], Result]) -> Result:
        """Return what the function returns; the loop goes on whenever it waits."""
        crossing = self._idle.pop() if self._idle else _Crossing(self)
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

    def run_on_thread(self, work: Callable[[], Result]) -> Awaitable[Result]:
        """Start the work on a thread, in a copy of the current context."""
        context = contextvars.copy_context()
        return self.loop.run_in_executor(self._threads, context.run, work)

    def tell(self, signal: "LoopSignal") -> None:
        """Wake who waits for the signal; for many of a moment the loop is woken once."""
        self._happened.append(signal)
        if not self._is_woken:
            self._is_woken = True
            self.loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Start nothing more on threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

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

    def run(self, function: Callable[[], Any]) -> None:
        """Run the function, and what is switched in after it."""
        while True:
            self.is_over = False
            try:
                self._result = function()
            except BaseException as error:  # noqa: BLE001 - it goes to who crossed
                self._error = error
            self.is_over = True
            function = cast(Any, self.parent).switch()

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


def run_blocking(work: Callable[[], Result]) -> Result:
    """Return what the work returns; on the loop it is done by a thread, elsewhere here and now."""
    crossing = getcurrent()
    if isinstance(crossing, _Crossing):
        return await_here(crossing.bridge.run_on_thread(work))
    return work()


def make_signal() -> Signal:
    """Return a signal for the current thread or greenlet to wait for."""
    crossing = getcurrent()
    return LoopSignal(crossing.bridge) if isinstance(crossing, _Crossing) else threading.Event()
