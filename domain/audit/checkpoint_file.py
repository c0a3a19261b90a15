"""The file of checkpoints, outside the database: notes, each behind the others and an empty line.

The keeper adds to it after its commit and never changes what is there; a check reads it.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from domain.audit.keys import NAME

BEGINNING = f"{NAME}\n".encode()
# A note has some 240 bytes; a line of a damaged file may have any length.
READ_BYTES = 4096
RECORD_END = b"\n"
SIGNATURE = "\n— ".encode()


class CheckpointFileError(Exception):
    """The file does not end as this program writes it; the text says how."""


class KeptCheckpoints:
    """The records of a file as it was when this was made, and those that were added meanwhile."""

    def __init__(self, path: Path):
        """Raises OSError other than FileNotFoundError."""
        self.path = path
        try:
            self._known_bytes = path.stat().st_size
        except FileNotFoundError:
            self._known_bytes = 0

    def iterate(self) -> Iterator[tuple[str, bool]]:
        """Yield each record's text, and whether it was there from the start; raises OSError.

        A record is a note and an empty line. Of a damaged file it is whatever stands between the
        beginnings of two.
        """
        try:
            with self.path.open("rb") as file:
                for offset, record in _split(file):
                    yield record.decode("utf-8", "backslashreplace"), offset < self._known_bytes
        except FileNotFoundError:
            return


def append_notes(path: Path, notes: Iterable[str], *, last: str | None) -> None:
    """Append the notes, on disk when this returns; `last` is the file's last one before, if any.

    What a crash left of the first of them is replaced. Raises CheckpointFileError when the file
    ends otherwise, and OSError.
    """
    wanted = [note.encode() + RECORD_END for note in notes]
    with _locked(path) as file:
        end = _find_end(file, last, wanted[0] if wanted else b"")
        file.truncate(end)
        file.seek(end)
        file.write(b"".join(wanted))
        file.flush()
        os.fsync(file.fileno())


def find_last(path: Path) -> str | None:
    """Return the last complete note; None when the file has none. Raises OSError.

    A file that a crash cut within a record ends with the one before it.
    """
    try:
        with path.open("rb") as file:
            *_, last = (None, *_read_tail(file))
    except FileNotFoundError:
        return None
    return last


def _read_tail(file: BinaryIO) -> list[str]:
    """Return the complete notes near the end of the file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - READ_BYTES))
    tail = file.read(READ_BYTES)
    start = 0 if size <= READ_BYTES else tail.find(RECORD_END * 2 + BEGINNING) + 2
    found = []
    for _, record in _split(BytesIO(tail[start:])):
        if record.endswith(RECORD_END * 2):
            found.append(record[: -len(RECORD_END)].decode("utf-8", "backslashreplace"))
    return found


def _find_end(file: BinaryIO, last: str | None, first: bytes) -> int:
    """Return where the next note belongs: behind `last`; raises CheckpointFileError."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - READ_BYTES)
    file.seek(start)
    tail = file.read(READ_BYTES)
    end = 0
    if last is not None:
        record = last.encode("utf-8", "surrogatepass") + RECORD_END
        place = tail.rfind(record)
        if place < 0:
            raise CheckpointFileError("was changed by another while it was written")
        end = place + len(record)
    elif start:
        raise CheckpointFileError("does not end with a checkpoint")
    # A file system may leave zeros where a crash has cut a write off.
    torn = tail[end:].rstrip(b"\x00")
    if not first.startswith(torn):
        raise CheckpointFileError("does not end with a checkpoint")
    return start + end


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open the file, made when it is not there, and keep other writers away."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        is_new = os.fstat(descriptor).st_size == 0
        yield file
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _split(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield each record with the place where it begins; no more than READ_BYTES of one."""
    start, record, previous = 0, b"", b""
    while line := file.readline(READ_BYTES):
        # What follows the end of a record belongs to the next one, whatever it is.
        is_complete = previous == RECORD_END and SIGNATURE in record
        if record and (line == BEGINNING or is_complete or len(record) > READ_BYTES):
            yield start, record
            start, record = start + len(record), b""
        record += line
        previous = line
    if record:
        yield start, record
