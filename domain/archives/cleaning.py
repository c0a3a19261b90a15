"""Cleaning: old rows that are deleted and not archived. Run daily by beat."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.store.postgres.cleanup import Ended, delete_ended, delete_finished_batches
from domain.store.store import Connection, Store

BATCHES_KEPT = timedelta(days=7)
# Longer than the clock skew that is allowed on a token: a revocation must outlive its token.
CREDENTIALS_KEPT = timedelta(days=1)
CHUNK_ROWS = 2_000
BUDGET_SECONDS = 20.0

Delete = Callable[[Connection], int]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many rows were deleted, by table; `finished` is False when more are left."""

    rows: dict[str, int]
    finished: bool


def delete_old_batches(
    store: Store, *, now: datetime, budget_seconds: float = BUDGET_SECONDS
) -> Cleaned:
    """Delete batches that were finished a week ago. Raises DatabaseUnavailableError."""
    before = now - BATCHES_KEPT

    def delete(connection: Connection) -> int:
        return delete_finished_batches(connection, before=before, limit=CHUNK_ROWS)

    return _delete_all(store, {"action_batches": delete}, budget_seconds)


def delete_ended_credentials(
    store: Store, *, now: datetime, budget_seconds: float = BUDGET_SECONDS
) -> Cleaned:
    """Delete sessions, revocations, tickets and play sessions that expired a day ago.

    Raises DatabaseUnavailableError.
    """
    before = now - CREDENTIALS_KEPT

    def deletion(table: Ended) -> Delete:
        return lambda connection: delete_ended(connection, table, before=before, limit=CHUNK_ROWS)

    return _delete_all(store, {table.value: deletion(table) for table in Ended}, budget_seconds)


def _delete_all(store: Store, deletions: dict[str, Delete], budget_seconds: float) -> Cleaned:
    """Delete in short transactions until nothing is left or `budget_seconds` are over."""
    deadline = time.monotonic() + budget_seconds
    rows = dict.fromkeys(deletions, 0)
    for table, delete in deletions.items():
        while True:
            with store.write() as connection:
                deleted = delete(connection)
            rows[table] += deleted
            if deleted < CHUNK_ROWS:
                break
            if time.monotonic() >= deadline:
                return Cleaned(rows, finished=False)
    return Cleaned(rows, finished=True)
