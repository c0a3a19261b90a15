"""The runner: what waits on the loop lets the others go on, and a thread does what blocks."""

import asyncio
import contextvars
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import OverloadedError
from web.server.greenlets import (
    BLOCKING_THREADS,
    MAX_QUEUED_WORK,
    GreenletRunner,
    Pool,
    await_,
    make_event,
    run_in_thread,
    set_all,
)

SECONDS = 5.0


def run_all(*functions: Callable[[], Any]) -> list[Any]:
    """Run the functions at once on one loop and return what each returned."""

    async def gather() -> list[Any]:
        runner = GreenletRunner(asyncio.get_running_loop())
        try:
            return await asyncio.gather(*(runner.run(function) for function in functions))
        finally:
            runner.close()

    return asyncio.run(asyncio.wait_for(gather(), 2 * SECONDS))


def test_many_wait_on_one_thread_and_each_goes_on_with_its_own() -> None:
    waiting: list[Any] = []

    def wait_for_all(number: int) -> tuple[int, bool, int]:
        signal = make_event()
        waiting.append(signal)
        if len(waiting) == 300:
            threading.Thread(target=lambda: [each.set() for each in waiting]).start()
        return number, signal.wait(SECONDS), threading.get_ident()

    answers = run_all(*(lambda number=number: wait_for_all(number) for number in range(300)))
    assert [number for number, _, _ in answers] == list(range(300))
    assert all(happened for _, happened, _ in answers)
    assert {thread for _, _, thread in answers} == {threading.get_ident()}


def test_a_signal_that_does_not_come_is_waited_for_so_long_and_may_be_waited_for_again() -> None:
    def wait() -> list[bool]:
        signal = make_event()
        early = signal.wait(0.05)
        threading.Timer(0.05, signal.set).start()
        return [early, signal.wait(SECONDS), signal.wait(0)]

    assert run_all(wait) == [[False, True, True]]


def test_a_signal_that_was_set_before_is_not_waited_for() -> None:
    def wait() -> bool:
        signal = make_event()
        signal.set()
        return signal.wait(SECONDS)

    started = time.monotonic()
    assert run_all(wait) == [True]
    assert time.monotonic() - started < SECONDS


def test_what_blocks_has_a_thread_and_the_context_of_who_asked() -> None:
    name = contextvars.ContextVar("name", default="nobody")

    def ask() -> tuple[str, bool]:
        name.set("ada")
        return run_in_thread(lambda: (name.get(), threading.get_ident() == main))

    main = threading.get_ident()
    both_run = threading.Barrier(2)
    assert run_all(ask) == [("ada", False)]
    assert run_all(*[lambda: run_in_thread(lambda: both_run.wait(SECONDS))] * 2)
    assert name.get() == "nobody"


def test_an_error_goes_to_who_waits_and_what_that_raises_to_who_crossed() -> None:
    def fail() -> None:
        raise KeyError("lost")

    def catch() -> str:
        try:
            run_in_thread(fail)
        except KeyError as error:
            return f"caught {error}"
        return "nothing"

    async def fail_later() -> None:
        await asyncio.sleep(0)
        raise OSError("later")

    assert run_all(catch) == ["caught 'lost'"]
    with pytest.raises(OSError, match="later"):
        run_all(lambda: await_(fail_later()))


def test_off_the_loop_all_of_it_simply_blocks() -> None:
    thread = threading.get_ident()
    assert run_in_thread(threading.get_ident) == thread
    signal = make_event()
    assert not signal.wait(0.01)
    threading.Timer(0.05, signal.set).start()
    assert signal.wait(SECONDS)


def test_an_idle_greenlet_keeps_nothing_of_what_it_ran() -> None:
    class Request:
        def __call__(self) -> str:
            return "answered"

    async def run_request() -> tuple[str, bool]:
        runner = GreenletRunner(asyncio.get_running_loop())
        request = Request()
        left = weakref.ref(request)
        answer = await runner.run(request)
        del request
        return answer, left() is None

    assert asyncio.run(run_request()) == ("answered", True)


def test_too_much_that_blocks_is_refused_and_watching_is_not() -> None:
    go_on = threading.Event()

    def wait_on_thread() -> bool:
        try:
            return run_in_thread(lambda: go_on.wait(SECONDS))
        except OverloadedError:
            return False

    def watch() -> str:
        seen = run_in_thread(lambda: "seen", pool=Pool.MONITORING)
        go_on.set()
        return seen

    most = BLOCKING_THREADS + MAX_QUEUED_WORK
    answers = run_all(*[wait_on_thread] * (most + 3), watch)
    assert answers == [True] * most + [False] * 3 + ["seen"]


def test_events_that_are_set_together_wake_their_loop_once() -> None:
    async def wait_for_three() -> tuple[list[bool], int]:
        loop = asyncio.get_running_loop()
        runner = GreenletRunner(loop)
        events: list[Any] = []
        woken: list[int] = []
        wake, gate = runner._wake, threading.Event()
        runner._wake = lambda: (woken.append(1), wake())[1]  # type: ignore[method-assign]

        def wait() -> bool:
            events.append(make_event())
            return bool(events[-1].wait(SECONDS))

        def set_them() -> None:
            gate.wait(SECONDS)
            set_all(events)

        setter = threading.Thread(target=set_them)
        setter.start()
        waiting = [loop.create_task(runner.run(wait)) for _ in range(3)]
        await asyncio.sleep(0)
        assert len(events) == 3
        gate.set()
        try:
            return await asyncio.gather(*waiting), len(woken)
        finally:
            setter.join()
            runner.close()

    assert asyncio.run(wait_for_three()) == ([True] * 3, 1)


def test_events_of_threads_and_of_a_loop_can_be_set_together() -> None:
    on_thread = make_event()

    def set_both() -> bool:
        on_loop = make_event()
        set_all((on_thread, on_loop))
        return on_loop.wait(SECONDS)

    assert run_all(set_both) == [True]
    assert on_thread.wait(0)
