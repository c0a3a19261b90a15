"""PostgreSQL's advisory locks: one number for each job that one process does at a time."""

from enum import IntEnum

from sqlalchemy import Connection, text

# First half of every key, so that another application in the database does not use the same keys.
NAMESPACE = 0x4C41


class AdvisoryLock(IntEnum):
    """The jobs. A number that was in a release keeps its meaning."""

    MIGRATION = 1
    PARTITIONS = 2
    ARCHIVE = 3
    KEEPER = 5
    CATALOG = 6
    SEAL = 7
    SEGMENTS = 8
    CHECKPOINT = 12


def take_lock(connection: Connection, lock: AdvisoryLock) -> None:
    """Wait for this lock, at most `lock_timeout`, and hold it until the transaction ends."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:namespace, :lock)"),
        {"namespace": NAMESPACE, "lock": lock},
    )


def try_lock(connection: Connection, lock: AdvisoryLock) -> bool:
    """Take this lock until the transaction ends, or return False at once when another holds it."""
    taken: bool = connection.execute(
        text("SELECT pg_try_advisory_xact_lock(:namespace, :lock)"),
        {"namespace": NAMESPACE, "lock": lock},
    ).scalar_one()
    return taken


def shared_lock_sql(lock: AdvisoryLock) -> str:
    """Return the SQL expression that takes this lock until the transaction ends, beside others."""
    return f"pg_advisory_xact_lock_shared({NAMESPACE}, {lock.value})"
