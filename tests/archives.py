"""Steps of archiving for tests: a month of the past, worked through to its end and looked at."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from domain.actions.model import Status
from domain.archives.archiving import archive_old_actions
from domain.archives.model import ArchiveOutcome, ArchiveStep
from domain.store.postgres.partitions import ensure_partitions, list_partitions
from domain.store.store import Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MARCH = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
OLD = datetime(2026, 6, 1, tzinfo=UTC)


def archive(store: Store, folder: Path, **overrides: Any) -> ArchiveOutcome:
    arguments = {"archive_path": folder, "retention_days": 90, "now": NOW, **overrides}
    return archive_old_actions(store, **arguments)


def archive_all(store: Store, folder: Path, **overrides: Any) -> list[ArchiveStep]:
    steps = [archive(store, folder, **overrides).step]
    while steps[-1] in (ArchiveStep.EXPORTED, ArchiveStep.DROPPED, ArchiveStep.CHANGED):
        steps.append(archive(store, folder, **overrides).step)
    return steps


def list_months(store: Store) -> set[str]:
    with store.write() as connection:
        return {
            partition.name for partition in list_partitions(connection) if partition.until_at < OLD
        }


def read_totals(store: Store) -> dict[UUID, tuple[int, int]]:
    with store.write() as connection:
        rows = connection.execute(text("SELECT * FROM archived_totals")).all()
    return {row.user_id: (row.applied_actions, row.applied_score) for row in rows}


def read_rows(store: Store, table: str) -> list[Any]:
    with store.write() as connection:
        return list(connection.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all())


def read_archive(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.ndjson.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def set_status(connection: Connection, action_id: UUID, status: Status, *, step: int = 1) -> None:
    connection.execute(
        text(
            "UPDATE user_actions SET status = :status, version = version + :step"
            " WHERE action_id = :id"
        ),
        {"status": status, "id": action_id, "step": step},
    )


def move_to_the_past(store: Store, at: datetime) -> None:
    """Let every action there is have been taken in at `at`, as if all had waited since."""
    with store.write() as connection:
        ensure_partitions(connection, now=at, months_ahead=0)
        for table in ("user_actions", "action_ids", "action_batches"):
            connection.execute(text(f"UPDATE {table} SET created_at = :at"), {"at": at})
        connection.execute(
            text(
                "UPDATE user_scores SET first_action = :at, last_action = :at"
                " WHERE total_actions > 0"
            ),
            {"at": at},
        )


def drop_old_months(store: Store) -> None:
    """Remove the months that a test made, for the sake of the next."""
    with store.write() as connection:
        for partition in list_partitions(connection):
            if partition.until_at < OLD:
                connection.execute(text(f"DROP TABLE {partition.name}"))
