"""Starts, watches, restarts and stops a set of processes, in one thread; called by `serve`.

One thread, because the kernel ties the death signal of a child to the thread that started it.
"""

import os
import selectors
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from local.supervision.guardian import Guardian
from local.supervision.processes import Supervised
from local.supervision.readable import readable
from local.supervision.spawning import Launch
from local.supervision.sweep import Record
from local.terminal import paint, say, say_of

TICK_SECONDS = 0.2
FIRST_HURRIED_TIER = 2  # below it are the stores: they are always given their time
ONCE_TIER = FIRST_HURRIED_TIER


class StopRequested(Exception):  # noqa: N818 - a wish, not an error
    """Ctrl-C, SIGTERM or a closed terminal came while something was awaited."""


class Supervisor:
    """The processes of one home, in the order they were added."""

    def __init__(self, *, logs: Path, guardian: Guardian, record: Record, verbose: bool) -> None:
        self._logs = logs
        self._guardian = guardian
        self._record = record
        self._verbose = verbose
        self._processes: dict[str, Supervised] = {}
        self._selector = selectors.DefaultSelector()
        self._stops_asked = 0
        self._stopping: set[str] = set()
        self._listen_for_signals()

    def _listen_for_signals(self) -> None:
        waking, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._selector.register(waking, selectors.EVENT_READ, None)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stops_asked += 1

    @property
    def stop_asked(self) -> bool:
        return self._stops_asked > 0

    @property
    def has_processes(self) -> bool:
        return bool(self._processes)

    def add(self, launch: Launch, *, tier: int, quiet: bool = False) -> Supervised:
        """Start a process and keep it running. Higher tiers are stopped first."""
        process = self._supervised(launch, tier=tier, quiet=quiet)
        self._processes[launch.name] = process
        self._start(process)
        return process

    def _supervised(self, launch: Launch, *, tier: int, quiet: bool) -> Supervised:
        return Supervised(launch, logs=self._logs, tier=tier, verbose=self._verbose, quiet=quiet)

    def run_once(self, launch: Launch, seconds: float) -> int | None:
        """Run a command to its end, its output in its log; return its exit code, None if too slow.

        Raises StopRequested; the command is ended first.
        """
        process = self._supervised(launch, tier=ONCE_TIER, quiet=True)
        process.restarts = False
        self._processes[launch.name] = process
        self._start(process)
        try:
            in_time = self.wait_until(lambda: process.ended is not None, seconds)
        finally:
            process.kill()
        return process.ended.code if in_time and process.ended is not None else None

    def wait_until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Look after the processes until `done` holds; return whether it came to hold in time.

        Raises StopRequested as soon as the user wants to stop.
        """
        deadline = time.monotonic() + seconds
        while not done():
            if self.stop_asked:
                raise StopRequested
            if time.monotonic() > deadline:
                return False
            self.pump(TICK_SECONDS / 4)
        return True

    def run(self) -> None:
        """Look after the processes until the user wants to stop."""
        while not self.stop_asked:
            self.pump(TICK_SECONDS)

    def pump(self, seconds: float) -> None:
        """Wait for output or an end, at most so long, and deal with it."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            else:
                self._read(key.data)
        for process in self._processes.values():
            self._look_at(process)

    def _read(self, process: Supervised) -> None:
        lines = process.read()
        if lines is None:
            if process.output is not None:
                self._selector.unregister(process.output)
                process.drop_output()
            return
        for line in lines:
            say_of(process.name, readable(line))

    def _look_at(self, process: Supervised) -> None:
        pid = process.pid
        ended = process.reap()
        if ended is not None and pid is not None:
            self._guardian.forget(pid)
            self._record.forget(pid)
            self._drain(process)
            if process.name in self._stopping or not process.restarts:
                process.note(f"ended ({ended})")
            else:
                delay = process.plan_restart()
                message = f"{process.name} ended ({ended}); starts again in {delay:g} s"
                process.note(message)
                say(paint(message, "yellow") + paint(f"  {process.log_path}", "dim"))
        elif process.is_due() and process.name not in self._stopping:
            self._start(process)

    def _drain(self, process: Supervised) -> None:
        for _ in range(64):
            if process.output is None:
                return
            self._read(process)

    def _start(self, process: Supervised) -> None:
        if process.output is not None:
            self._selector.unregister(process.output)
        pid = process.start()
        self._guardian.watch(pid, process.launch.stop_signal)
        self._record.note(pid, process.name)
        if process.output is not None:
            self._selector.register(process.output, selectors.EVENT_READ, process)

    def stop_all(self, patience: dict[int, float]) -> None:
        """Stop tier by tier, the highest first, each within its seconds, then by force.

        A further request to stop cuts the waiting of every tier short.
        """
        asked_before = self._stops_asked
        for tier in sorted({process.tier for process in self._processes.values()}, reverse=True):
            members = [process for process in self._processes.values() if process.tier == tier]
            for process in members:
                self._stopping.add(process.name)
                process.ask_to_stop()
            deadline = time.monotonic() + patience[tier]
            while any(process.pid is not None for process in members):
                hurried = self._stops_asked > asked_before and tier >= FIRST_HURRIED_TIER
                if hurried or time.monotonic() > deadline:
                    for process in members:
                        process.kill()
                self.pump(TICK_SECONDS / 4)
        for process in self._processes.values():
            process.close()
