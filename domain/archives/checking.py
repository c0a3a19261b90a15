"""Checking archives: every file exists, is unchanged, and adds up to the totals that were kept.

Called by the operators' `flask archives` commands and by `verify`.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from domain.actions.model import Status
from domain.archives.files import find_manifest, hash_file, read_lines
from domain.archives.model import ArchivePart, Tally
from domain.store.postgres.archives import (
    ArchivedPartition,
    list_archived_partitions,
    list_archived_totals,
)
from domain.store.store import Store

UserTotals = defaultdict[UUID, tuple[int, int]]


def list_archives(store: Store) -> list[ArchivedPartition]:
    """Return the archived partitions, oldest first. Raises DatabaseUnavailableError."""
    with store.write() as connection:
        return list_archived_partitions(connection)


def find_damage(store: Store, *, archive_path: Path, read_files: bool = True) -> Iterator[str]:
    """Yield one sentence for each file or total that is wrong, naming it.

    Reads every file completely; without `read_files` only the manifests and the sizes of the files
    are compared. Raises DatabaseUnavailableError.
    """
    totals: UserTotals = defaultdict(lambda: (0, 0))
    damaged = False
    for archive in list_archives(store):
        for sentence in _check_archive(archive_path, archive, totals if read_files else None):
            damaged = True
            yield sentence
    if read_files and not damaged:
        yield from _check_totals(store, totals)


def _check_archive(
    folder: Path, archive: ArchivedPartition, totals: UserTotals | None
) -> Iterator[str]:
    try:
        found = find_manifest(folder, archive.name)
    except ValueError as error:
        yield f"{archive.manifest_name} cannot be read: {error}"
        return
    if found is None:
        yield f"{archive.manifest_name} is missing"
        return
    manifest, sha256 = found
    if sha256 != archive.sha256:
        yield f"{archive.manifest_name} is not the one that was archived: its checksum differs"
        return
    if (manifest.tally.rows, manifest.tally.applied_score) != (archive.rows, archive.applied_score):
        yield f"{archive.manifest_name} has other totals than the database kept of it"
    for part in manifest.parts:
        try:
            problem = _find_problem(folder / part.file_name, part, totals)
        except FileNotFoundError:
            problem = "is missing"
        if problem:
            yield f"{part.file_name} {problem}"


def _find_problem(path: Path, part: ArchivePart, totals: UserTotals | None) -> str | None:
    if path.stat().st_size != part.size_bytes:
        return "is damaged: its size differs"
    if totals is None:
        return None
    if hash_file(path) != part.sha256:
        return "is damaged: its checksum differs"
    if _tally_part(path, totals) != part.tally:
        return "does not hold what its manifest says"
    return None


def _tally_part(path: Path, totals: UserTotals) -> Tally:
    tally = Tally()
    for line in read_lines(path):
        action: dict[str, Any] = orjson.loads(line)
        applied_score = action["score_delta"] if action["status"] == Status.APPLIED else None
        tally += Tally(1, action["version"], int(applied_score is not None), applied_score or 0)
        if applied_score is not None:
            user_id = UUID(action["user_id"])
            actions, score = totals[user_id]
            totals[user_id] = (actions + 1, score + applied_score)
    return tally


def _check_totals(store: Store, totals: UserTotals) -> Iterator[str]:
    with store.write() as connection:
        kept = list_archived_totals(connection)
    for user_id in sorted(kept.keys() | totals.keys()):
        if kept.get(user_id, (0, 0)) != totals.get(user_id, (0, 0)):
            yield f"the archived totals of user {user_id} are not what the files add up to"
