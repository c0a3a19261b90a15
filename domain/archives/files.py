"""The files of an archive: each is written completely and synced to disk, or not at all.

Called by the export and by the checks. Only the operator may read the folder: the files hold what
players sent.
"""

import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from domain.archives.model import Manifest, decode_manifest, encode_manifest

COMPRESSION_LEVEL = 6
READ_BYTES = 1 << 20


class HashingFile:
    """Writes bytes to a file and keeps their hash and number."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        """Write `data`."""
        self._digest.update(data)
        self.size_bytes += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """The hash of everything written so far."""
        return self._digest.hexdigest()


def manifest_name(partition: str) -> str:
    """Return the name of a partition's manifest."""
    return f"{partition}.manifest.json"


def part_name(partition: str, number: int) -> str:
    """Return the name of a partition's part, counted from 1."""
    return f"{partition}.{number:05d}.ndjson.gz"


def write_lines(path: Path, lines: Iterable[bytes]) -> tuple[str, int]:
    """Write a compressed file of these lines; return its SHA-256 and size.

    The same lines give the same bytes: the header holds no name and no time.
    """
    with _replacing(path) as file:
        hashing = HashingFile(file)
        with gzip.GzipFile(
            filename="", mode="wb", compresslevel=COMPRESSION_LEVEL, fileobj=hashing, mtime=0
        ) as compressed:
            for line in lines:
                compressed.write(line + b"\n")
    return hashing.sha256, hashing.size_bytes


def write_manifest(folder: Path, manifest: Manifest) -> str:
    """Write a partition's manifest; return its SHA-256."""
    raw = encode_manifest(manifest)
    with _replacing(folder / manifest_name(manifest.partition)) as file:
        file.write(raw)
    return hashlib.sha256(raw).hexdigest()


def find_manifest(folder: Path, partition: str) -> tuple[Manifest, str] | None:
    """Return a partition's manifest and its SHA-256, or None when there is none.

    Raises ValueError when the file is not a manifest.
    """
    try:
        raw = (folder / manifest_name(partition)).read_bytes()
    except FileNotFoundError:
        return None
    return decode_manifest(raw), hashlib.sha256(raw).hexdigest()


def discard_archive(folder: Path, manifest: Manifest) -> None:
    """Delete the files of an archive whose partition was not dropped."""
    (folder / manifest_name(manifest.partition)).unlink(missing_ok=True)
    for part in manifest.parts:
        (folder / part.file_name).unlink(missing_ok=True)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file; raises FileNotFoundError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a compressed file; raises OSError or EOFError when it is damaged."""
    with gzip.open(path, "rb") as file:
        yield from file


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that gets its name only when it is complete and synced to disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
