"""A background thread survives what its steps raise, and says when it last succeeded."""

import threading
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from domain.errors import DatabaseUnavailableError
from tests.waiting import wait_until
from workers.process.background import (
    FATAL_SECONDS,
    STUCK_INTERVALS,
    STUCK_SECONDS,
    BackgroundThread,
)


def failures_of(name: str) -> float:
    return REGISTRY.get_sample_value("laurel_background_failures_total", {"thread": name}) or 0.0


class Clock:
    """A monotonic clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("error", [LookupError("a bug"), DatabaseUnavailableError()])
def test_an_exception_is_counted_and_the_thread_continues(error: Exception) -> None:
    name = f"failing-{type(error).__name__}"
    steps: list[int] = []

    def step() -> None:
        steps.append(len(steps))
        if len(steps) == 1:
            raise error

    thread = BackgroundThread(name, step, every_seconds=0.001)
    thread.start()
    wait_until(lambda: len(steps) >= 3)
    thread.stop()
    assert not thread.is_alive
    assert failures_of(name) == 1


def test_wake_runs_the_next_step_before_its_time() -> None:
    steps = threading.Semaphore(0)
    thread = BackgroundThread("sleepy", steps.release, every_seconds=3600)
    thread.start()
    assert steps.acquire(timeout=20)
    thread.wake()
    assert steps.acquire(timeout=20)
    thread.stop()
    assert not thread.is_alive


def test_stop_does_not_wait_for_the_next_step() -> None:
    thread = BackgroundThread("idle", lambda: None, every_seconds=3600)
    thread.start()
    thread.stop(20)
    assert not thread.is_alive


def raise_lookup_error() -> None:
    raise LookupError("a bug")


@pytest.mark.parametrize(
    ("essential", "step", "ends"),
    [
        (True, raise_lookup_error, 1),
        (False, raise_lookup_error, 0),
        (True, lambda: None, 0),
    ],
)
def test_only_an_essential_thread_that_cannot_go_on_ends_the_process(
    essential: bool, step: Callable[[], None], ends: int
) -> None:
    clock, ended = Clock(), list[str]()
    thread = BackgroundThread(
        "essential",
        step,
        essential=essential,
        clock=clock,
        end_process=lambda: ended.append("ended"),
    )
    thread.run_step()
    assert ended == []
    clock.now += FATAL_SECONDS + 1
    thread.run_step()
    assert len(ended) == ends


def test_the_time_since_the_last_success_is_measured_by_the_clock() -> None:
    clock, fail = Clock(), threading.Event()

    def step() -> None:
        if fail.is_set():
            raise LookupError("a bug")

    thread = BackgroundThread("measured", step, clock=clock)
    thread.run_step()
    clock.now += 5
    assert thread.seconds_since_success == 5
    fail.set()
    thread.run_step()
    assert thread.seconds_since_success == 5


@pytest.mark.parametrize(
    ("every_seconds", "allowed_seconds"),
    [(0.1, STUCK_SECONDS), (60.0, STUCK_INTERVALS * 60.0)],
)
def test_a_thread_without_a_success_for_too_long_is_not_healthy(
    every_seconds: float, allowed_seconds: float
) -> None:
    clock, is_in_step, go_on = Clock(), threading.Event(), threading.Event()

    def step() -> None:
        is_in_step.set()
        assert go_on.wait(20)

    thread = BackgroundThread("stuck", step, every_seconds=every_seconds, clock=clock)
    assert not thread.is_healthy, "it does not run yet"
    thread.start()
    assert is_in_step.wait(20)
    clock.now += allowed_seconds
    assert thread.is_healthy
    clock.now += 1
    assert not thread.is_healthy
    go_on.set()
    wait_until(lambda: thread.is_healthy)
    thread.stop(20)
    assert not thread.is_healthy, "it has ended"


def test_a_row_of_transient_errors_is_one_warning_and_all_are_counted() -> None:
    errors: list[Exception | None] = [DatabaseUnavailableError()] * 3
    errors += [None, DatabaseUnavailableError()]

    def step() -> None:
        if (error := errors.pop(0)) is not None:
            raise error

    thread = BackgroundThread("postponed", step)
    with capture_logs() as logs:
        while errors:
            thread.run_step()
    assert [line["event"] for line in logs] == ["background step postponed"] * 2
    assert failures_of("postponed") == 4


def test_a_pause_inside_a_step_ends_with_stop() -> None:
    is_in_step = threading.Event()

    def step() -> None:
        is_in_step.set()
        thread.pause(3600)

    thread = BackgroundThread("pausing", step)
    thread.start()
    assert is_in_step.wait(20)
    thread.stop(20)
    assert not thread.is_alive


@pytest.mark.parametrize(("essential", "ends"), [(True, ["ended"]), (False, [])])
def test_an_essential_thread_that_is_ended_takes_its_process_along(
    essential: bool, ends: list[str]
) -> None:
    ended = list[str]()

    def leave() -> None:
        raise SystemExit(3)

    thread = BackgroundThread(
        "leaving", leave, essential=essential, end_process=lambda: ended.append("ended")
    )
    with pytest.raises(SystemExit):
        thread._run()
    assert ended == ends
