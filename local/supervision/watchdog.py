"""A second process that ends what a killed launcher has started.

Forked early, so that it shares the launcher's memory. It waits on a pipe that closes when the
launcher ends. Parent-death signals reach direct children only; the watchdog ends whole process
groups. It inherits the home's lock, so the next start waits until it has finished.
"""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from local.supervision.process_groups import identity, signal_group

STOP_SIGNAL_AFTER_SECONDS = 2.0
KILL_AFTER_SECONDS = 6.0
POLL_EVERY_SECONDS = 0.1
DESCRIPTORS = 1024
NO_SIGNAL = 0


class Watchdog:
    """The launcher's side: sends the watchdog process what to end and to remove."""

    def __init__(self, keep_open: int) -> None:
        """Fork the process. `keep_open` is the descriptor of the home's lock."""
        reading, self._pipe = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _serve(reading, keep_open)
        os.close(reading)

    def watch(self, pid: int, stop_signal: signal.Signals) -> None:
        """Add a process that leads a process group."""
        self._send(f"+ {pid} {int(stop_signal)} {identity(pid)}")

    def forget(self, pid: int) -> None:
        """Remove a process whose group has ended."""
        self._send(f"- {pid}")

    def remove_at_end(self, folder: Path) -> None:
        """Have this folder removed when the launcher ends."""
        self._send(f"c {folder}")

    def close(self) -> None:
        """Close the pipe and wait for the watchdog, which ends at once without running groups."""
        os.close(self._pipe)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _send(self, line: str) -> None:
        with suppress(BrokenPipeError):  # it was killed: the parent-death signals remain
            os.write(self._pipe, f"{line}\n".encode())


def _serve(reading: int, keep_open: int) -> None:
    """Run as the watchdog process; never returns."""
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for descriptor in range(3, DESCRIPTORS):
            if descriptor not in (reading, keep_open):
                with suppress(OSError):
                    os.close(descriptor)
        groups: dict[int, tuple[signal.Signals, str]] = {}
        folders: list[str] = []
        with os.fdopen(reading) as lines:
            for line in lines:
                _apply(line.rstrip("\n"), groups, folders)
        _end(groups)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def _apply(line: str, groups: dict[int, tuple[signal.Signals, str]], folders: list[str]) -> None:
    kind, _, rest = line.partition(" ")
    if kind == "+":
        pid, number, known_as = rest.split(" ", 2)
        groups[int(pid)] = (signal.Signals(int(number)), known_as)
    elif kind == "-":
        groups.pop(int(rest), None)
    elif kind == "c":
        folders.append(rest)


def _end(groups: dict[int, tuple[signal.Signals, str]]) -> None:
    """Wait until the groups end by their parent-death signals; then stop them, then kill them."""
    started_at = time.monotonic()
    stop_sent = False
    while groups:
        for leader, (_, known_as) in list(groups.items()):
            if identity(leader) not in (None, known_as) or not signal_group(leader, NO_SIGNAL):
                del groups[leader]
        waited = time.monotonic() - started_at
        if waited > STOP_SIGNAL_AFTER_SECONDS and not stop_sent:
            stop_sent = True
            for leader, (number, _) in groups.items():
                signal_group(leader, number)
        if waited > KILL_AFTER_SECONDS:
            for leader in groups:
                signal_group(leader, signal.SIGKILL)
            return
        time.sleep(POLL_EVERY_SECONDS)
