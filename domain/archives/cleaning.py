"""Cleaning: old rows that are deleted and not archived. Run daily by beat."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.store.postgres.cleanup import (
    LOWEST,
    Ended,
    Seen,
    delete_ended,
    delete_finished_batches,
    delete_unseen,
    find_key,
)
from domain.store.store import Connection, Store

BATCHES_KEPT = timedelta(days=7)
# Longer than the clock skew that is allowed on a token: a revocation must outlive its token.
CREDENTIALS_KEPT = timedelta(days=1)
CHUNK_ROWS = 2_000
BUDGET_SECONDS = 20.0
GOLDEN_RATIO = 0.618033988749895

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


def delete_unseen_clients(
    store: Store, *, unseen_days: int, now: datetime, budget_seconds: float = BUDGET_SECONDS
) -> Cleaned:
    """Delete clients, and who was seen with them, that were not seen for so many days.

    Each table has half of `budget_seconds`. A run that takes longer than that leaves the rest to
    later ones, which begin elsewhere. Raises DatabaseUnavailableError.
    """
    before = now - timedelta(days=unseen_days)
    # Multiples of the golden ratio, less whole numbers, spread evenly however many there are
    # (Knuth, The Art of Computer Programming 3, 6.4).
    share = now.timestamp() / timedelta(days=1).total_seconds() * GOLDEN_RATIO % 1
    swept = {table: _sweep(store, table, before, share, budget_seconds / 2) for table in Seen}
    return Cleaned(
        {table.value: deleted for table, (deleted, _) in swept.items()},
        finished=all(finished for _, finished in swept.values()),
    )


def _sweep(
    store: Store, table: Seen, before: datetime, share: float, budget_seconds: float
) -> tuple[int, bool]:
    """Go through a table once, from a share of it on to its end, and then up to there.

    Return how many rows were deleted, in short transactions, and whether the time was enough.
    """
    deadline = time.monotonic() + budget_seconds
    with store.write() as connection:
        start = find_key(connection, table, share=share)
    after, has_turned, rows = start, False, 0
    while True:
        with store.write() as connection:
            chunk = delete_unseen(connection, table, after=after, before=before, limit=CHUNK_ROWS)
        rows += chunk.deleted
        is_end = chunk.read < CHUNK_ROWS
        if has_turned and (is_end or chunk.last >= start):
            return rows, True
        after = LOWEST[table] if is_end else chunk.last
        has_turned = has_turned or is_end
        if time.monotonic() >= deadline:
            return rows, False


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
