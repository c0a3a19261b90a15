"""Archiving: months older than the retention move from the database to files, step by step.

Run by beat every few seconds. A month is first exported, in as many steps as that takes; when its
files are complete and undamaged, one transaction keeps its totals and drops it.
"""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from domain.archives.exporting import PART_ROWS, NotFinalError, export_next_part
from domain.archives.files import (
    discard_archive,
    find_manifest,
    hash_file,
    manifest_name,
    write_manifest,
)
from domain.archives.model import ArchiveOutcome, ArchiveStep, Manifest
from domain.store.postgres.advisory_locks import AdvisoryLock, try_lock
from domain.store.postgres.archives import (
    add_to_totals,
    has_pending_batch,
    insert_archived_partition,
    is_final,
    list_old_partitions,
    lock_against_writers,
    try_drop,
)
from domain.store.postgres.partitions import Partition
from domain.store.store import Connection, Store

STEP_SECONDS = 4.0
DROP_ATTEMPTS = 3
PAUSE_BETWEEN_ATTEMPTS_SECONDS = 0.2


class _UndoneError(Exception):
    """Rolls back the transaction of the drop; `step` says why."""

    def __init__(self, step: ArchiveStep):
        super().__init__(step)
        self.step = step


def archive_old_actions(
    store: Store,
    *,
    archive_path: Path,
    retention_days: int,
    now: datetime,
    step_seconds: float = STEP_SECONDS,
    part_rows: int = PART_ROWS,
) -> ArchiveOutcome:
    """Do one step for the oldest month whose every action is older than the retention.

    Safe to kill at any point and to run concurrently: the next step continues. Scores, statistics
    and the uniqueness of ids do not change. Raises DatabaseUnavailableError, and OSError when the
    files cannot be written.
    """
    if retention_days == 0:
        return ArchiveOutcome(ArchiveStep.OFF)
    deadline = time.monotonic() + step_seconds
    before = now - timedelta(days=retention_days)
    with store.write() as connection:
        # The lock needs a transaction, and the export runs in it: a READ COMMITTED transaction
        # holds no snapshot between two statements, so that a slow disk does not delay VACUUM.
        if not try_lock(connection, AdvisoryLock.ARCHIVE):
            return ArchiveOutcome(ArchiveStep.BUSY)
        outcome = ArchiveOutcome(ArchiveStep.NOTHING_OLD)
        for partition in list_old_partitions(connection, before=before):
            manifest = _open_manifest(archive_path, partition)
            if manifest.complete:
                break
            outcome = _export(connection, partition, archive_path, manifest, deadline, part_rows)
            if outcome.step is not ArchiveStep.BLOCKED:
                return outcome
        else:
            return outcome
    return _drop(store, partition, archive_path, before=before)


def _open_manifest(folder: Path, partition: Partition) -> Manifest:
    """Return the manifest of the export so far; an empty one when it cannot be read."""
    try:
        found = find_manifest(folder, partition.name)
    except ValueError:
        found = None
    return found[0] if found else Manifest(partition.name, partition.from_at, partition.until_at)


def _export(
    connection: Connection,
    partition: Partition,
    folder: Path,
    manifest: Manifest,
    deadline: float,
    part_rows: int,
) -> ArchiveOutcome:
    blocker = manifest.blocked_by
    if has_pending_batch(connection, partition):
        return ArchiveOutcome(ArchiveStep.BLOCKED, partition.name)
    if blocker and not is_final(connection, partition, action_id=blocker):
        return ArchiveOutcome(ArchiveStep.BLOCKED, partition.name)
    rows_before = manifest.tally.rows
    step = ArchiveStep.EXPORTED
    try:
        while not manifest.complete:
            manifest = export_next_part(
                connection, partition, folder=folder, manifest=manifest, part_rows=part_rows
            )
            if time.monotonic() >= deadline:
                break
    except NotFinalError as error:
        manifest = replace(manifest, blocked_by=error.action_id)
        step = ArchiveStep.BLOCKED
    write_manifest(folder, manifest)
    return ArchiveOutcome(step, partition.name, manifest.tally.rows - rows_before)


def _drop(store: Store, partition: Partition, folder: Path, *, before: datetime) -> ArchiveOutcome:
    """Replace the partition by its totals, unless its files or its rows have changed."""
    found = find_manifest(folder, partition.name)
    if found is None:
        return ArchiveOutcome(ArchiveStep.CHANGED, partition.name)
    manifest, sha256 = found
    try:
        _check_files(folder, manifest)
        with store.write() as connection:
            _drop_unchanged(connection, partition, manifest, sha256, before=before)
    except _UndoneError as undone:
        if undone.step is ArchiveStep.CHANGED:
            discard_archive(folder, manifest)
        return ArchiveOutcome(undone.step, partition.name)
    return ArchiveOutcome(ArchiveStep.DROPPED, partition.name, manifest.tally.rows)


def _check_files(folder: Path, manifest: Manifest) -> None:
    for part in manifest.parts:
        try:
            sound = hash_file(folder / part.file_name) == part.sha256
        except FileNotFoundError:
            sound = False
        if not sound:
            raise _UndoneError(ArchiveStep.CHANGED)


def _drop_unchanged(
    connection: Connection,
    partition: Partition,
    manifest: Manifest,
    sha256: str,
    *,
    before: datetime,
) -> None:
    if not try_lock(connection, AdvisoryLock.ARCHIVE):
        raise _UndoneError(ArchiveStep.BUSY)
    if partition not in list_old_partitions(connection, before=before):
        raise _UndoneError(ArchiveStep.BUSY)
    if not lock_against_writers(connection, partition):
        raise _UndoneError(ArchiveStep.LOCKED_OUT)
    tally, waiting = add_to_totals(connection, partition)
    if waiting or tally != manifest.tally or has_pending_batch(connection, partition):
        raise _UndoneError(ArchiveStep.CHANGED)
    insert_archived_partition(
        connection, manifest=manifest, file_name=manifest_name(partition.name), sha256=sha256
    )
    for _ in range(DROP_ATTEMPTS):
        if try_drop(connection, partition):
            return
        time.sleep(PAUSE_BETWEEN_ATTEMPTS_SECONDS)
    raise _UndoneError(ArchiveStep.LOCKED_OUT)
