"""The record of a home's running processes, by which the next start ends orphaned ones.

The watchdog and parent-death signals normally leave none; this is for when both have failed.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from local.supervision.process_groups import identity, signal_group

STOP_SECONDS = 5.0


class ProcessRecord:
    """The file of running processes: id, identity and name, separated by tabs.

    It is for the next start only, so nothing is raised when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[int, str] = {}
        self._is_written = True

    def add(self, pid: int, name: str) -> None:
        """Add a process."""
        self._lines[pid] = f"{pid}\t{identity(pid)}\t{name}\n"
        self._write()

    def remove(self, pid: int) -> None:
        """Remove a process."""
        self._lines.pop(pid, None)
        self._write()

    def retry(self) -> None:
        """Write the file now if that has failed."""
        if not self._is_written:
            self._write()

    def _write(self) -> None:
        """Replace the file; a full disk leaves the old one, and `retry` writes it later."""
        part = self._path.with_suffix(".part")
        try:
            part.write_text("".join(self._lines.values()))
            part.replace(self._path)
        except OSError:
            self._is_written = False
        else:
            self._is_written = True


def list_running(path: Path) -> list[tuple[int, str]]:
    """Return id and name of the recorded processes that run."""
    return [(pid, name) for pid, known_as, name in _read(path) if identity(pid) == known_as]


def end_orphans(path: Path, report: Callable[[str], None]) -> None:
    """End the recorded processes of an earlier start; `report` gets a line for each."""
    left = dict(list_running(path))
    for pid, name in left.items():
        report(f"{name} (process {pid}) is left from an earlier start: stopping it")
        os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(identity(pid) is not None for pid in left) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        if identity(pid) is not None:
            signal_group(pid, signal.SIGKILL)
    path.unlink(missing_ok=True)


def _read(path: Path) -> list[tuple[int, str, str]]:
    try:
        lines = [line.split("\t") for line in path.read_text().splitlines()]
    except OSError:
        return []
    return [(int(line[0]), line[1], line[2]) for line in lines if len(line) == 3]
