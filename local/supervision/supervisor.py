"""Starts, observes, restarts and stops a set of processes, in one thread; called by `serve`.

One thread, because the parent-death signal of a child belongs to the thread that started it.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from local.supervision.log_lines import format_log_line
from local.supervision.orphans import ProcessRecord
from local.supervision.processes import SupervisedProcess
from local.supervision.spawning import Launch
from local.supervision.watchdog import Watchdog
from local.terminal import paint, print_line, print_process_line

TICK_SECONDS = 0.2
FIRST_IMPATIENT_TIER = 2  # below it are the stores, which always get their time to stop
ONCE_TIER = FIRST_IMPATIENT_TIER


class StopRequested(Exception):  # noqa: N818 - not an error
    """Raised while waiting when SIGINT, SIGTERM or SIGHUP has been received."""


class Supervisor:
    """The processes of one home, in the order in which they were added."""

    def __init__(
        self, *, logs: Path, watchdog: Watchdog, record: ProcessRecord, verbose: bool
    ) -> None:
        self._logs = logs
        self._watchdog = watchdog
        self._record = record
        self._verbose = verbose
        self._processes: dict[str, SupervisedProcess] = {}
        self._selector = selectors.DefaultSelector()
        self._stop_requests = 0
        self._stopping: set[str] = set()
        self._listen_for_signals()

    def _listen_for_signals(self) -> None:
        waking, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._selector.register(waking, selectors.EVENT_READ, None)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._request_stop)

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1

    @property
    def stop_requested(self) -> bool:
        return self._stop_requests > 0

    @property
    def has_processes(self) -> bool:
        return bool(self._processes)

    def add(self, launch: Launch, *, tier: int, quiet: bool = False) -> SupervisedProcess:
        """Start a process and restart it when it ends. Higher tiers are stopped first."""
        process = self._supervised(launch, tier=tier, quiet=quiet)
        self._processes[launch.name] = process
        self._start(process)
        return process

    def _supervised(self, launch: Launch, *, tier: int, quiet: bool) -> SupervisedProcess:
        return SupervisedProcess(
            launch, logs=self._logs, tier=tier, verbose=self._verbose, quiet=quiet
        )

    def run_once(self, launch: Launch, seconds: float) -> int | None:
        """Run a command once, its output in its log; return its exit code, None if too slow.

        Raises StopRequested after killing the command.
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
        """Supervise the processes until `done` holds; return whether it held in time.

        Raises StopRequested as soon as a stop is requested.
        """
        deadline = time.monotonic() + seconds
        while not done():
            if self.stop_requested:
                raise StopRequested
            if time.monotonic() > deadline:
                return False
            self.poll(TICK_SECONDS / 4)
        return True

    def run(self) -> None:
        """Supervise the processes until a stop is requested."""
        while not self.stop_requested:
            self.poll(TICK_SECONDS)

    def poll(self, seconds: float) -> None:
        """Wait for output or the end of a process, at most this long, and handle it."""
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(key.fd, 4096)
            else:
                self._read(key.data)
        for process in self._processes.values():
            self._check(process)
        self._record.retry()

    def _read(self, process: SupervisedProcess) -> None:
        lines = process.read()
        if lines is None:
            if process.output is not None:
                self._selector.unregister(process.output)
                process.close_output()
            return
        for line in lines:
            print_process_line(process.name, format_log_line(line))

    def _check(self, process: SupervisedProcess) -> None:
        pid = process.pid
        ended = process.reap()
        if ended is not None and pid is not None:
            self._watchdog.forget(pid)
            self._record.remove(pid)
            self._drain(process)
            if process.name in self._stopping or not process.restarts:
                process.log(f"ended ({ended})")
            else:
                delay = process.schedule_restart()
                message = f"{process.name} ended ({ended}); restarting in {delay:g} s"
                process.log(message)
                print_line(paint(message, "yellow") + paint(f"  {process.log_path}", "dim"))
        elif process.is_due() and process.name not in self._stopping:
            self._start_again(process)

    def _start_again(self, process: SupervisedProcess) -> None:
        """Start a process that has ended; a system that cannot start one now is asked again."""
        try:
            self._start(process)
        except (OSError, subprocess.SubprocessError) as error:
            delay = process.schedule_restart()
            print_line(paint(f"{process.name}: {error}; trying again in {delay:g} s", "yellow"))

    def _drain(self, process: SupervisedProcess) -> None:
        for _ in range(64):
            if process.output is None:
                return
            self._read(process)

    def _start(self, process: SupervisedProcess) -> None:
        if process.output is not None:
            self._selector.unregister(process.output)
        pid = process.start()
        self._watchdog.watch(pid, process.launch.stop_signal)
        self._record.add(pid, process.name)
        if process.output is not None:
            self._selector.register(process.output, selectors.EVENT_READ, process)

    def stop_all(self, seconds: dict[int, float]) -> None:
        """Stop tier by tier, the highest first; kill what has not ended after the tier's seconds.

        Another stop request kills at once, except for the stores.
        """
        requests_before = self._stop_requests
        for tier in sorted({process.tier for process in self._processes.values()}, reverse=True):
            members = [process for process in self._processes.values() if process.tier == tier]
            for process in members:
                self._stopping.add(process.name)
                process.request_stop()
            deadline = time.monotonic() + seconds[tier]
            while any(process.pid is not None for process in members):
                impatient = self._stop_requests > requests_before and tier >= FIRST_IMPATIENT_TIER
                if impatient or time.monotonic() > deadline:
                    for process in members:
                        process.kill()
                self.poll(TICK_SECONDS / 4)
        for process in self._processes.values():
            process.close()
