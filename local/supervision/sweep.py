"""Which processes a home has started, on disk: the next start ends those that were left behind.

The guardian and the death signals normally leave nothing; this is for systems without them.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from local.supervision.lifeline import identity, signal_group

PATIENCE_SECONDS = 5.0


class Record:
    """The file with one line for each process that runs: id, identity, name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[int, str] = {}

    def note(self, pid: int, name: str) -> None:
        """Add a process."""
        self._lines[pid] = f"{pid}\t{identity(pid)}\t{name}\n"
        self._write()

    def forget(self, pid: int) -> None:
        """Remove a process."""
        self._lines.pop(pid, None)
        self._write()

    def _write(self) -> None:
        self._path.write_text("".join(self._lines.values()))


def sweep(path: Path, report: Callable[[str], None]) -> None:
    """End the processes of an earlier start that are still the ones noted down."""
    left = {pid: name for pid, known_as, name in _noted(path) if identity(pid) == known_as}
    for pid, name in left.items():
        report(f"{name} (process {pid}) was left behind by an earlier start: ending it")
        os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(identity(pid) is not None for pid in left) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        if identity(pid) is not None:
            signal_group(pid, signal.SIGKILL)
    path.unlink(missing_ok=True)


def _noted(path: Path) -> list[tuple[int, str, str]]:
    try:
        lines = [line.split("\t") for line in path.read_text().splitlines()]
    except OSError:
        return []
    return [(int(line[0]), line[1], line[2]) for line in lines if len(line) == 3]
