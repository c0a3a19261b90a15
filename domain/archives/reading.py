"""Reading one player's actions back from the archives, page by page, the newest first.

Called by `web/routes/own/own_export.py`. Only the parts that hold the player's actions are opened.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from domain.archives.files import find_manifest, hash_file, read_lines
from domain.archives.model import ArchivePart, Manifest
from domain.errors import ArchiveUnreadableError
from domain.store.postgres.archives import ArchivedPartition, list_archived_partitions
from domain.store.postgres.rankings.ledger.actions import find_owners
from domain.store.store import Store

Row = dict[str, Any]
"""An archived action: every column of its row, as `docs/operations.md` has the lines."""


@dataclass(frozen=True, slots=True)
class ArchivePlace:
    """Where a page begins: in the month of this partition, before this action number."""

    partition: str
    before_no: int


def list_archived_actions(
    store: Store, *, folder: Path, user_id: UUID, start: ArchivePlace | None, limit: int
) -> tuple[list[Row], ArchivePlace | None]:
    """Return a page of the player's archived actions, and where the next one begins or None.

    `start` None is the newest month. Raises ArchiveUnreadableError, and DatabaseUnavailableError.
    """
    with store.read() as connection:
        months = list_archived_partitions(connection)[::-1]
    names = [month.name for month in months]
    first = names.index(start.partition) if start and start.partition in names else 0
    page: list[Row] = []
    for month in months[first:]:
        before_no = start.before_no if start and start.partition == month.name else 2**63
        rows = _read_month(store, folder, month, user_id)
        earlier = (row for row in rows if row["action_no"] < before_no)
        # One more than there is room for: whether there is another page.
        page += nlargest(limit + 1 - len(page), earlier, key=lambda row: row["action_no"])
        if len(page) > limit:
            last = page[limit - 1]
            return page[:limit], ArchivePlace(last["partition"], last["action_no"])
    return page, None


def _read_month(
    store: Store, folder: Path, month: ArchivedPartition, user_id: UUID
) -> Iterator[Row]:
    manifest = _open_manifest(folder, month)
    ends = [part.last_action_id for part in manifest.parts]
    with store.read() as connection:
        owners = find_owners(connection, action_ids=ends)
    owner = str(user_id)
    for part in _list_parts_of(manifest.parts, owners, user_id):
        for line in _read_part(folder / part.file_name, part):
            row: Row = orjson.loads(line)
            if row["user_id"] == owner:
                row["partition"] = month.name
                yield row


def _list_parts_of(
    parts: Sequence[ArchivePart], owners: dict[UUID, UUID], user_id: UUID
) -> Iterator[ArchivePart]:
    """Yield the parts that may hold the player's actions: they are in order of players."""
    for part in parts:
        last = owners.get(part.last_action_id)
        if last is None or last >= user_id:
            yield part
        if last is not None and last > user_id:
            return


def _open_manifest(folder: Path, month: ArchivedPartition) -> Manifest:
    try:
        found = find_manifest(folder, month.name)
    except (OSError, ValueError) as error:
        raise ArchiveUnreadableError(f"{month.manifest_name} cannot be read") from error
    if found is None or found[1] != month.sha256:
        raise ArchiveUnreadableError(f"{month.manifest_name} is missing or not the one archived")
    return found[0]


def _read_part(path: Path, part: ArchivePart) -> Iterator[bytes]:
    try:
        if hash_file(path) != part.sha256:
            raise ArchiveUnreadableError(f"{part.file_name} is damaged: its checksum differs")
        yield from read_lines(path)
    except (OSError, EOFError) as error:
        raise ArchiveUnreadableError(f"{part.file_name} cannot be read") from error
