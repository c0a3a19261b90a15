"""Log files that are rotated, and the filter for the lines that the terminal shows."""

import re
import time
from pathlib import Path
from typing import IO

LARGEST_BYTES = 5_000_000
KEPT_FILES = 3
WINDOW_SECONDS = 15.0
MOST_LINES = 8
LONGEST_LINE_BYTES = 64_000
# A level as loggers write it: "[ERROR]", ": WARNING/", "FATAL:", "[warning  ]", "level": "error".
_ALARMING = re.compile(
    rb"(?:^|[\s\[(:])(?:warning|error|critical|fatal|panic) *[\]/:)]"
    rb'|\blevel"?[=:] ?"?(?:warning|error|critical)'
    rb"|^\[[EC] ",
    re.IGNORECASE,
)
# Python's warnings, such as a library's deprecations, are shown in the file only.
_PYTHON_WARNING = b'"logger":"py.warnings"'


class RotatingLog:
    """The log of one process; at its size limit it is renamed to `.1`, and so on to `.3`."""

    def __init__(self, path: Path, largest_bytes: int = LARGEST_BYTES) -> None:
        self._path = path
        self._largest = largest_bytes
        self._file: IO[bytes] = path.open("ab", buffering=0)
        self._size = self._file.tell()

    def write(self, chunk: bytes) -> None:
        """Append to the file; a full disk loses log lines but raises nothing."""
        try:
            self._file.write(chunk)
            self._size += len(chunk)
            if self._size > self._largest:
                self._rotate()
        except OSError:
            pass

    def _rotate(self) -> None:
        # It is not there when the last try could not create the new file.
        if self._path.exists():
            for number in range(KEPT_FILES - 1, 0, -1):
                older = self._numbered(number)
                if older.exists():
                    older.replace(self._numbered(number + 1))
            self._path.replace(self._numbered(1))
        fresh = self._path.open("ab", buffering=0)
        self._file.close()
        self._file, self._size = fresh, 0

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class LineFilter:
    """Splits the output of one process into lines and selects those for the terminal.

    Of a traceback that is the last line; at most MOST_LINES are selected per WINDOW_SECONDS.
    """

    def __init__(self, *, everything: bool) -> None:
        self._everything = everything
        self._rest = b""
        self._in_traceback = False
        self._window_ends_at = 0.0
        self._shown = 0

    def feed(self, chunk: bytes) -> list[str]:
        """Return the selected lines that this chunk completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        return [line.decode(errors="replace") for line in lines if self._shows(line)]

    def _shows(self, line: bytes) -> bool:
        if self._everything:
            return True
        if line.startswith(b"Traceback "):
            self._in_traceback = True
            return False
        if self._in_traceback:
            self._in_traceback = line.startswith((b" ", b"\t")) or not line.strip()
            return not self._in_traceback and self._is_within_limit()
        if _PYTHON_WARNING in line:
            return False
        return _ALARMING.search(line) is not None and self._is_within_limit()

    def _is_within_limit(self) -> bool:
        now = time.monotonic()
        if now > self._window_ends_at:
            self._window_ends_at = now + WINDOW_SECONDS
            self._shown = 0
        self._shown += 1
        return self._shown <= MOST_LINES


def last_lines(path: Path, count: int = 12) -> list[str]:
    """Return the last lines of a log file; none when it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - count * 400))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []
