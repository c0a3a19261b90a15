"""SQL that deletes old rows: finished batches, and credentials that have expired.

Called by `domain/archives/cleaning.py`. The keys are an ARRAY that is made once: a subquery that
the planner runs once per row would find other rows each time, and delete without a limit.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text

from domain.store.postgres.stages import IS_FINISHED


class Ended(StrEnum):
    """The tables whose rows expire at `expires_at`."""

    SESSIONS = "sessions"
    REVOCATIONS = "revocations"
    TICKETS = "realtime_tickets"
    PLAY_SESSIONS = "play_sessions"


# What a chunk of rows is selected by.
_KEYS = {
    Ended.SESSIONS: "session_id",
    Ended.REVOCATIONS: "revocation_no",
    Ended.TICKETS: "ticket_hash",
    Ended.PLAY_SESSIONS: "session_id",
}


def delete_finished_batches(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` batches that were finished before then; return how many."""
    return connection.execute(
        text(
            "DELETE FROM action_batches WHERE batch_id = ANY(ARRAY("
            f"SELECT batch_id FROM action_batches WHERE {IS_FINISHED} AND updated_at < :before"
            " ORDER BY updated_at LIMIT :limit FOR UPDATE SKIP LOCKED))"
        ),
        {"before": before, "limit": limit},
    ).rowcount


def delete_ended(connection: Connection, table: Ended, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` rows of `table` that expired before then; return how many."""
    key = _KEYS[table]
    return connection.execute(
        text(
            f"DELETE FROM {table} WHERE {key} = ANY(ARRAY("
            f"SELECT {key} FROM {table} WHERE expires_at < :before"
            " ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED))"
        ),
        {"before": before, "limit": limit},
    ).rowcount
