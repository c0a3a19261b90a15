"""A second process that outlives a killed launcher just long enough to end what it started.

Forked early, so it shares the launcher's memory; it waits on a pipe that closes when the launcher
is gone. Death signals reach only direct children: this one ends whole process groups. It holds
the home's lock too, so the next start waits until all is gone.
"""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from local.supervision.lifeline import identity, signal_group

NUDGE_SECONDS = 2.0
PATIENCE_SECONDS = 6.0
LOOK_EVERY_SECONDS = 0.1
DESCRIPTORS = 1024
NO_SIGNAL = 0


class Guardian:
    """The launcher's end of the pipe."""

    def __init__(self, keep_open: int) -> None:
        """Fork. `keep_open` is the descriptor of the home's lock."""
        reading, self._pipe = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _serve(reading, keep_open)
        os.close(reading)

    def watch(self, pid: int, stop_signal: signal.Signals) -> None:
        """Tell the guardian of a process that leads its own group."""
        self._tell(f"+ {pid} {int(stop_signal)} {identity(pid)}")

    def forget(self, pid: int) -> None:
        """Tell the guardian that the process and its group are gone."""
        self._tell(f"- {pid}")

    def clear(self, folder: Path) -> None:
        """Have the guardian remove this folder at the end."""
        self._tell(f"c {folder}")

    def dismiss(self) -> None:
        """Close the pipe and wait: with nothing left to end, the guardian leaves at once."""
        os.close(self._pipe)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _tell(self, line: str) -> None:
        with suppress(BrokenPipeError):  # killed by somebody: the death signals still stand
            os.write(self._pipe, f"{line}\n".encode())


def _serve(reading: int, keep_open: int) -> None:
    """Be the guardian; never returns."""
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
                _note(line.rstrip("\n"), groups, folders)
        _end(groups)
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def _note(line: str, groups: dict[int, tuple[signal.Signals, str]], folders: list[str]) -> None:
    kind, _, rest = line.partition(" ")
    if kind == "+":
        pid, number, known_as = rest.split(" ", 2)
        groups[int(pid)] = (signal.Signals(int(number)), known_as)
    elif kind == "-":
        groups.pop(int(rest), None)
    elif kind == "c":
        folders.append(rest)


def _end(groups: dict[int, tuple[signal.Signals, str]]) -> None:
    """Wait for the groups to end by their death signals; then ask; then kill."""
    started_at = time.monotonic()
    nudged = False
    while groups:
        for leader, (_, known_as) in list(groups.items()):
            if identity(leader) not in (None, known_as) or not signal_group(leader, NO_SIGNAL):
                del groups[leader]
        waited = time.monotonic() - started_at
        if waited > NUDGE_SECONDS and not nudged:
            nudged = True
            for leader, (number, _) in groups.items():
                signal_group(leader, number)
        if waited > PATIENCE_SECONDS:
            for leader in groups:
                signal_group(leader, signal.SIGKILL)
            return
        time.sleep(LOOK_EVERY_SECONDS)
