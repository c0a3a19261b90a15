"""Archive files: the same lines give the same bytes, and a file is there whole or not at all."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from domain.archives.files import (
    find_manifest,
    hash_file,
    part_name,
    read_lines,
    write_lines,
    write_manifest,
)
from domain.archives.model import ArchivePart, Manifest, Tally, decode_manifest, encode_manifest

PART = ArchivePart("m.00001.ndjson.gz", "ab" * 32, 12, UUID(int=5), Tally(3, 4, 2, 70))
MANIFEST = Manifest(
    partition="user_actions_y2026m03",
    from_at=datetime(2026, 3, 1, tzinfo=UTC),
    until_at=datetime(2026, 4, 1, tzinfo=UTC),
    parts=(PART, replace(PART, file_name="m.00002.ndjson.gz")),
    complete=True,
    blocked_by=UUID(int=9),
)


def test_a_manifest_comes_back_as_it_was() -> None:
    assert decode_manifest(encode_manifest(MANIFEST)) == MANIFEST
    assert MANIFEST.tally == Tally(6, 8, 4, 140)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"format":"other"}', b'{"parts":[]}'])
def test_what_is_no_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        decode_manifest(raw)


def test_a_manifest_on_disk_has_the_checksum_it_was_written_with(tmp_path: Path) -> None:
    assert find_manifest(tmp_path, MANIFEST.partition) is None
    written = write_manifest(tmp_path, MANIFEST)
    assert find_manifest(tmp_path, MANIFEST.partition) == (MANIFEST, written)


def test_the_same_lines_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.gz", tmp_path / "second.gz"
    lines = [b'{"a":1}', b'{"a":2}']
    assert write_lines(first, lines) == write_lines(second, lines)
    raw = first.read_bytes()
    assert raw == second.read_bytes()
    assert write_lines(first, lines) == (sha256(raw).hexdigest(), len(raw))
    assert hash_file(first) == sha256(raw).hexdigest()
    assert gzip.decompress(raw) == b'{"a":1}\n{"a":2}\n'
    assert list(read_lines(first)) == [b'{"a":1}\n', b'{"a":2}\n']


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / part_name("user_actions_y2026m03", 1)
    write_lines(path, [b"before"])

    def break_off() -> Iterator[bytes]:
        yield b"after"
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_lines(path, break_off())
    assert list(read_lines(path)) == [b"before\n"]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_parts_sort_by_name_in_their_order() -> None:
    names = [part_name("m", number) for number in (1, 2, 10, 99999)]
    assert names == sorted(names)
