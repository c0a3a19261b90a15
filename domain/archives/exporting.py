"""Exporting: writes a partition's actions to files, part by part.

An export that was killed continues after its last complete part.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from domain.actions.model import Status
from domain.archives.files import part_name, write_lines
from domain.archives.model import ArchivePart, Manifest, Tally
from domain.store.postgres.archives import ExportedRow, list_rows_to_export
from domain.store.postgres.partitions import Partition
from domain.store.store import Connection

# What a killed export loses at most: a fraction of a second of work, about a megabyte.
PART_ROWS = 10_000
CHUNK_ROWS = 5_000
NOT_FINAL = frozenset({Status.PENDING, Status.QUARANTINED})


class NotFinalError(Exception):
    """An action of the partition is still pending, or held for review."""

    def __init__(self, action_id: UUID):
        super().__init__(str(action_id))
        self.action_id = action_id


class PartReader:
    """Reads the rows of one part in chunks of CHUNK_ROWS and keeps their tally."""

    def __init__(
        self, connection: Connection, partition: Partition, *, after: UUID | None, part_rows: int
    ):
        self._connection = connection
        self._partition = partition
        self._rows_left = part_rows
        self.last_action_id = after
        self.tally = Tally()

    def read(self) -> Iterator[bytes]:
        """Yield each row as its line; raises NotFinalError."""
        while self._rows_left:
            limit = min(self._rows_left, CHUNK_ROWS)
            rows = list_rows_to_export(
                self._connection, self._partition, after=self.last_action_id, limit=limit
            )
            for row in rows:
                yield self._take(row)
            self._rows_left = self._rows_left - limit if len(rows) == limit else 0

    def _take(self, row: ExportedRow) -> bytes:
        if row.status in NOT_FINAL:
            raise NotFinalError(row.action_id)
        applied = row.status == Status.APPLIED
        self.last_action_id = row.action_id
        self.tally += Tally(1, row.version, int(applied), row.score_delta if applied else 0)
        return row.line.encode()


def export_next_part(
    connection: Connection,
    partition: Partition,
    *,
    folder: Path,
    manifest: Manifest,
    part_rows: int = PART_ROWS,
) -> Manifest:
    """Write the next part and return the manifest with it, complete when it was the last part.

    Raises NotFinalError, and OSError when the file cannot be written.
    """
    after = manifest.parts[-1].last_action_id if manifest.parts else None
    reader = PartReader(connection, partition, after=after, part_rows=part_rows)
    path = folder / part_name(partition.name, len(manifest.parts) + 1)
    sha256, size_bytes = write_lines(path, reader.read())
    if reader.last_action_id is None or reader.tally.rows == 0:
        path.unlink()
        return replace(manifest, complete=True, blocked_by=None)
    part = ArchivePart(path.name, sha256, size_bytes, reader.last_action_id, reader.tally)
    return replace(
        manifest,
        parts=(*manifest.parts, part),
        complete=reader.tally.rows < part_rows,
        blocked_by=None,
    )
