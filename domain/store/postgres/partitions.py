"""The monthly partitions of `user_actions` and `action_checks`: listing and creating them.

Called by the first migration, the keeper and archiving. Both tables have the same months, of the
intake time in UTC.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from domain.store.postgres.advisory_locks import AdvisoryLock, take_lock

PARTITIONED_TABLES = ("user_actions", "action_checks")
# A batch's actions are inserted together and all updated soon after: with half of each page free,
# 94 % of these updates stay on their page (HOT), with a fifth free 23 %. The table takes as much
# space either way, and the indexes less.
FILL_FACTORS = {"user_actions": 50, "action_checks": 100}
LOCK_TIMEOUT_MS = 500

_NAME = re.compile(r"^(user_actions|action_checks)_y(\d{4})m(\d{2})$")


@dataclass(frozen=True, slots=True)
class Partition:
    """One month of one partitioned table: rows with from_at <= created_at < until_at."""

    name: str
    table: str
    from_at: datetime
    until_at: datetime


def make_partition(table: str, moment: datetime) -> Partition:
    """Return the partition of `table` for rows with the intake time `moment`."""
    month = _month_number(moment)
    from_at = _month_start(month)
    name = f"{table}_y{from_at:%Y}m{from_at:%m}"
    return Partition(name, table, from_at, _month_start(month + 1))


def is_partition_name(name: str) -> bool:
    """Return whether this is the name of a partition."""
    return _NAME.match(name) is not None


def list_partitions(connection: Connection, table: str = "user_actions") -> list[Partition]:
    """Return the attached partitions of `table`, oldest first."""
    names = connection.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(:table) ORDER BY c.relname"
        ),
        {"table": table},
    ).scalars()
    matches = [match for name in names if (match := _NAME.match(name))]
    return [
        make_partition(table, datetime(int(match[2]), int(match[3]), 1, tzinfo=UTC))
        for match in matches
    ]


def ensure_partitions(
    connection: Connection, *, now: datetime, months_ahead: int = 3, months_back: int = 0
) -> list[str]:
    """Create the missing partitions around `now` and return their names.

    Safe to run twice and concurrently; two reads when nothing is missing. Waits at most
    LOCK_TIMEOUT_MS for a table lock, because writers queue behind it: the statement then fails
    with `lock_not_available` (DatabaseUnavailableError), and the next call tries again.
    """
    wanted = _list_wanted(now, months_back, months_ahead)
    if not _list_missing(connection, wanted):
        return []
    connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
    take_lock(connection, AdvisoryLock.PARTITIONS)
    missing = _list_missing(connection, wanted)
    for partition in missing:
        _create_partition(connection, partition)
    return [partition.name for partition in missing]


def _list_wanted(now: datetime, months_back: int, months_ahead: int) -> list[Partition]:
    current = _month_number(now)
    return [
        make_partition(table, _month_start(month))
        for month in range(current - months_back, current + months_ahead + 1)
        for table in PARTITIONED_TABLES
    ]


def _list_missing(connection: Connection, wanted: Sequence[Partition]) -> list[Partition]:
    present = {
        partition.name
        for table in PARTITIONED_TABLES
        for partition in list_partitions(connection, table)
    }
    return [partition for partition in wanted if partition.name not in present]


def _create_partition(connection: Connection, partition: Partition) -> None:
    """Create a table and attach it to its parent.

    CREATE TABLE … PARTITION OF would lock the parent against readers; ATTACH does not.
    """
    fill_factor = FILL_FACTORS[partition.table]
    connection.execute(
        text(
            f"CREATE TABLE {partition.name} (LIKE {partition.table}"
            f" INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (fillfactor = {fill_factor})"
        )
    )
    connection.execute(
        text(
            f"ALTER TABLE {partition.table} ATTACH PARTITION {partition.name}"
            f" FOR VALUES FROM ('{partition.from_at.isoformat()}')"
            f" TO ('{partition.until_at.isoformat()}')"
        )
    )


def _month_number(moment: datetime) -> int:
    moment = moment.astimezone(UTC)
    return moment.year * 12 + moment.month - 1


def _month_start(month_number: int) -> datetime:
    year, month = divmod(month_number, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
