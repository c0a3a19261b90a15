"""Archived actions, read from their files in order of player and number.

Called by `reading.py`. A file is checked before a line of it is used.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from domain.actions.model import Status
from domain.archives.files import find_manifest, hash_file, read_lines
from domain.archives.model import ArchivePart, Manifest
from domain.errors import ArchiveUnreadableError
from domain.rankings.model import CountedAction
from domain.store.postgres.archives import ArchivedPartition
from domain.store.postgres.rankings.ledger.actions import Span


class ArchivedActions:
    """The applied actions of some archived months, taken player by player, forward only.

    `owners` knows whose the last action of each part is: parts that end at or before the player
    `after` are not opened.
    """

    def __init__(
        self,
        folder: Path,
        manifests: Sequence[Manifest],
        *,
        span: Span,
        after: UUID | None = None,
        owners: Mapping[UUID, UUID] | None = None,
    ):
        months = [
            _read_month(folder, _parts_behind(manifest, after, owners or {}), span)
            for manifest in manifests
        ]
        # Ids are lower case here, so their texts have the order of PostgreSQL.
        self._actions = merge(*months, key=lambda action: (action.user_id, action.action_no))
        self._next = next(self._actions, None)
        if after is not None:
            for _ in self.take_until(after):
                pass

    def take_until(self, last: UUID) -> Iterator[CountedAction]:
        """Yield the actions up to those of this player; raises ArchiveUnreadableError."""
        limit = str(last)
        while self._next is not None and self._next.user_id <= limit:
            yield self._next
            self._next = next(self._actions, None)


def open_manifests(
    folder: Path, archives: Sequence[ArchivedPartition], *, span: Span
) -> list[Manifest]:
    """Return the manifests of the months that the span touches.

    Raises ArchiveUnreadableError for one that is missing or not the one that was archived.
    """
    return [_open_manifest(folder, archive) for archive in archives if _touches(archive, span)]


def _touches(archive: ArchivedPartition, span: Span) -> bool:
    return (span.since is None or archive.until_at > span.since) and (
        span.until is None or archive.from_at < span.until
    )


def _open_manifest(folder: Path, archive: ArchivedPartition) -> Manifest:
    try:
        found = find_manifest(folder, archive.name)
    except (OSError, ValueError) as error:
        raise ArchiveUnreadableError(f"{archive.manifest_name} cannot be read: {error}") from error
    if found is None:
        raise ArchiveUnreadableError(f"{archive.manifest_name} is missing in ARCHIVE_PATH")
    manifest, sha256 = found
    if sha256 != archive.sha256:
        raise ArchiveUnreadableError(
            f"{archive.manifest_name} is not the one that was archived: its checksum differs"
        )
    return manifest


def _parts_behind(
    manifest: Manifest, after: UUID | None, owners: Mapping[UUID, UUID]
) -> list[ArchivePart]:
    if after is None:
        return list(manifest.parts)
    return [
        part
        for part in manifest.parts
        if (owner := owners.get(part.last_action_id)) is None or owner > after
    ]


def _read_month(folder: Path, parts: Sequence[ArchivePart], span: Span) -> Iterator[CountedAction]:
    lines = chain.from_iterable(_read_part(folder / part.file_name, part) for part in parts)
    for line in lines:
        row: dict[str, Any] = orjson.loads(line)
        if row["status"] == Status.APPLIED:
            action = _parse(row)
            if _is_within(action.accepted_at, span):
                yield action


def _read_part(path: Path, part: ArchivePart) -> Iterator[bytes]:
    """Yield the part's lines; the file is opened when its first line is asked for."""
    try:
        if hash_file(path) != part.sha256:
            raise ArchiveUnreadableError(f"{part.file_name} is damaged: its checksum differs")
        yield from read_lines(path)
    except FileNotFoundError as error:
        raise ArchiveUnreadableError(f"{part.file_name} is missing in ARCHIVE_PATH") from error
    except (OSError, EOFError) as error:
        raise ArchiveUnreadableError(f"{part.file_name} cannot be read: {error}") from error


def _is_within(at: datetime, span: Span) -> bool:
    return (span.since is None or at >= span.since) and (span.until is None or at < span.until)


def _parse(row: Mapping[str, Any]) -> CountedAction:
    metadata = row["metadata"]
    return CountedAction(
        action_no=row["action_no"],
        user_id=row["user_id"],
        action_type=row["action_type"],
        score=row["score_delta"],
        metadata=None if metadata is None else orjson.dumps(metadata).decode(),
        accepted_at=datetime.fromisoformat(row["created_at"]),
    )
