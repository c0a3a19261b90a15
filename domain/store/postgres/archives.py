"""SQL of archiving: exporting a partition's rows, keeping its totals, and dropping it.

Called by `domain/archives`. Names of partitions come from `partitions.py` and not from a user.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from domain.archives.model import Manifest, Tally
from domain.store.postgres.errors import LOCK_NOT_AVAILABLE
from domain.store.postgres.partitions import (
    LOCK_TIMEOUT_MS,
    Partition,
    list_partitions,
)
from domain.store.postgres.stages import BATCH_IS_PENDING

# The one statement whose time grows with the partition. It blocks neither intake nor readers.
TOTALS_TIMEOUT_MS = 600_000


@dataclass(frozen=True, slots=True)
class ExportedRow:
    """One action as its line of NDJSON, and the columns that the export adds up."""

    action_id: UUID
    status: str
    version: int
    score_delta: int
    line: str


@dataclass(frozen=True, slots=True)
class ArchivedPartition:
    """A dropped partition and the manifest of its files."""

    name: str
    manifest_name: str
    sha256: str
    rows: int
    applied_score: int
    from_at: datetime
    until_at: datetime
    archived_at: datetime


def list_old_partitions(connection: Connection, *, before: datetime) -> list[Partition]:
    """Return the partitions whose every row is older than `before`, oldest first.

    A month that was archived and exists again was restored by an operator: it is left out.
    """
    archived = {archive.name for archive in list_archived_partitions(connection)}
    return [
        partition
        for partition in list_partitions(connection)
        if partition.until_at <= before and partition.name not in archived
    ]


def list_archived_partitions(connection: Connection) -> list[ArchivedPartition]:
    """Return what was archived, oldest first."""
    rows = connection.execute(
        text(
            "SELECT partition_name, file_name, sha256, row_count, applied_score, from_at,"
            " until_at, archived_at FROM archived_partitions ORDER BY from_at"
        )
    )
    return [ArchivedPartition(*row) for row in rows]


def list_archived_totals(connection: Connection) -> dict[UUID, tuple[int, int]]:
    """Return number and sum of the archived applied actions by user."""
    rows = connection.execute(
        text("SELECT user_id, applied_actions, applied_score FROM archived_totals")
    )
    return {user_id: (actions, score) for user_id, actions, score in rows}


def list_rows_to_export(
    connection: Connection, partition: Partition, *, after: UUID | None, limit: int
) -> Sequence[ExportedRow]:
    """Return the next actions in order of player and number, with every column.

    Those that follow the action `after`, whose key its id knows.
    """
    rows = connection.execute(
        text(
            "SELECT line.action_id, line.status, line.version, line.score_delta,"
            f" row_to_json(line)::text FROM (SELECT a.* FROM {partition.name} a"
            " WHERE CAST(:after AS uuid) IS NULL OR (a.user_id, a.action_no) >"
            "   ((SELECT user_id FROM action_ids WHERE action_id = :after),"
            "    (SELECT action_no FROM action_ids WHERE action_id = :after))"
            " ORDER BY a.user_id, a.action_no LIMIT :limit) line"
        ),
        {"after": after, "limit": limit},
    )
    return [ExportedRow(*row) for row in rows]


def is_final(connection: Connection, partition: Partition, *, action_id: UUID) -> bool:
    """Return whether neither the pipeline nor a review can change this action's row any more."""
    waiting = connection.execute(
        text(
            f"SELECT 1 FROM action_ids i JOIN {partition.name} a"
            " ON a.user_id = i.user_id AND a.action_no = i.action_no"
            " WHERE i.action_id = :action_id AND a.status IN ('pending', 'quarantined')"
        ),
        {"action_id": action_id},
    ).scalar()
    return waiting is None


def has_pending_batch(connection: Connection, partition: Partition) -> bool:
    """Return whether a batch of this time is not scored: its actions have no final rows yet."""
    pending: bool = connection.execute(
        text(
            f"SELECT EXISTS (SELECT 1 FROM action_batches b WHERE {BATCH_IS_PENDING}"
            " AND b.created_at >= :from_at AND b.created_at < :until_at)"
        ),
        {"from_at": partition.from_at, "until_at": partition.until_at},
    ).scalar_one()
    return pending


def lock_against_writers(connection: Connection, partition: Partition) -> bool:
    """Lock the partition against writers until the transaction ends; False when one is at work.

    Readers are not blocked, nor are writers of other months.
    """
    return _try_statement(connection, f"LOCK TABLE {partition.name} IN SHARE MODE")


def add_to_totals(connection: Connection, partition: Partition) -> tuple[Tally, int]:
    """Add the partition's applied actions to the archived totals of their users.

    Return the tally of all its rows, and how many of them are not final.
    """
    connection.execute(text(f"SET LOCAL statement_timeout = {TOTALS_TIMEOUT_MS}"))
    row = connection.execute(
        text(
            "WITH per_user AS MATERIALIZED (SELECT user_id, count(*) AS rows,"
            " sum(version) AS versions,"
            " count(*) FILTER (WHERE status = 'applied') AS applied_actions,"
            " coalesce(sum(score_delta) FILTER (WHERE status = 'applied'), 0) AS applied_score,"
            " count(*) FILTER (WHERE status IN ('pending', 'quarantined')) AS waiting"
            f" FROM {partition.name} GROUP BY user_id"
            "), kept AS (INSERT INTO archived_totals AS t (user_id, applied_actions, applied_score)"
            " SELECT user_id, applied_actions, applied_score FROM per_user"
            " WHERE applied_actions > 0 ORDER BY user_id"
            " ON CONFLICT (user_id) DO UPDATE SET"
            " applied_actions = t.applied_actions + excluded.applied_actions,"
            " applied_score = t.applied_score + excluded.applied_score"
            ") SELECT coalesce(sum(rows), 0), coalesce(sum(versions), 0),"
            " coalesce(sum(applied_actions), 0), coalesce(sum(applied_score), 0),"
            " coalesce(sum(waiting), 0) FROM per_user"
        )
    ).one()
    *sums, waiting = (int(number) for number in row)
    return Tally(*sums), waiting


def insert_archived_partition(
    connection: Connection, *, manifest: Manifest, file_name: str, sha256: str
) -> None:
    """Record the archive of a partition that is dropped in the same transaction."""
    connection.execute(
        text(
            "INSERT INTO archived_partitions (partition_name, file_name, sha256, row_count,"
            " applied_score, from_at, until_at) VALUES (:name, :file_name, :sha256, :rows,"
            " :applied_score, :from_at, :until_at)"
        ),
        {
            "name": manifest.partition,
            "file_name": file_name,
            "sha256": sha256,
            "rows": manifest.tally.rows,
            "applied_score": manifest.tally.applied_score,
            "from_at": manifest.from_at,
            "until_at": manifest.until_at,
        },
    )


def try_drop(connection: Connection, partition: Partition) -> bool:
    """Drop the partition; False when LOCK_TIMEOUT_MS did not get the lock.

    The lock is on the parent table, and every other transaction queues behind one that waits for
    it: the wait is short, and this is the last statement before the commit.
    """
    return _try_statement(connection, f"DROP TABLE {partition.name}")


def _try_statement(connection: Connection, statement: str) -> bool:
    connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
    try:
        with connection.begin_nested():
            connection.execute(text(statement))
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        return False
    return True
