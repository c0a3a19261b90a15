"""The monthly partitions of `user_actions`, by intake time in UTC: listing and creating them.

Called by the first migration, the keeper and archiving.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from domain.store.postgres.advisory_locks import AdvisoryLock, take_lock

PARTITIONED_TABLE = "user_actions"
LOCK_TIMEOUT_MS = 500

_NAME = re.compile(rf"^{PARTITIONED_TABLE}_y(\d{{4}})m(\d{{2}})$")


@dataclass(frozen=True, slots=True)
class Partition:
    """One month: rows with from_at <= created_at < until_at."""

    name: str
    from_at: datetime
    until_at: datetime


def make_partition(moment: datetime) -> Partition:
    """Return the partition for rows with the intake time `moment`."""
    month = _month_number(moment)
    from_at = _month_start(month)
    name = f"{PARTITIONED_TABLE}_y{from_at:%Y}m{from_at:%m}"
    return Partition(name, from_at, _month_start(month + 1))


def is_partition_name(name: str) -> bool:
    """Return whether this is the name of a partition."""
    return _NAME.match(name) is not None


def list_partitions(connection: Connection) -> list[Partition]:
    """Return the attached partitions, oldest first."""
    names = connection.execute(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = to_regclass(:table) ORDER BY c.relname"
        ),
        {"table": PARTITIONED_TABLE},
    ).scalars()
    matches = [match for name in names if (match := _NAME.match(name))]
    return [
        make_partition(datetime(int(match[1]), int(match[2]), 1, tzinfo=UTC)) for match in matches
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
        make_partition(_month_start(month))
        for month in range(current - months_back, current + months_ahead + 1)
    ]


def _list_missing(connection: Connection, wanted: Sequence[Partition]) -> list[Partition]:
    present = {partition.name for partition in list_partitions(connection)}
    return [partition for partition in wanted if partition.name not in present]


def _create_partition(connection: Connection, partition: Partition) -> None:
    """Create a table and attach it to its parent.

    CREATE TABLE … PARTITION OF would lock the parent against readers; ATTACH does not.
    """
    connection.execute(
        text(
            f"CREATE TABLE {partition.name} (LIKE {PARTITIONED_TABLE}"
            " INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
    )
    connection.execute(
        text(
            f"ALTER TABLE {PARTITIONED_TABLE} ATTACH PARTITION {partition.name}"
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
