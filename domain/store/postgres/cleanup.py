"""SQL that deletes old rows: finished batches, expired credentials, clients that nobody sees.

Called by `domain/archives/cleaning.py`. The keys are an ARRAY that is made once: a subquery that
the planner runs once per row would find other rows each time, and delete without a limit.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

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


class Seen(StrEnum):
    """The tables whose rows have the time at which they were last seen."""

    SIGHTINGS = "client_sightings"
    CLIENTS = "clients"


Key = tuple[Any, ...]
"""What a row of a table of `Seen` is found by, as a tuple that sorts as PostgreSQL does."""

_SEEN_KEYS = {
    Seen.SIGHTINGS: ("subject", "user_id"),
    Seen.CLIENTS: ("client_no",),
}
LOWEST: dict[Seen, Key] = {
    Seen.SIGHTINGS: (UUID(int=0), UUID(int=0)),
    Seen.CLIENTS: (0,),
}


class Chunk(NamedTuple):
    """What was done with one chunk of a table: rows deleted, rows read, and the last one's key."""

    deleted: int
    read: int
    last: Key


def find_key(connection: Connection, table: Seen, *, share: float) -> Key:
    """Return a key that about this share (0 to 1) of the table's rows are below."""
    if table is Seen.SIGHTINGS:
        return UUID(int=int(share * 2**128)), UUID(int=0)
    statement = text("SELECT CAST(:share * coalesce(max(client_no), 0) AS bigint) FROM clients")
    return (connection.execute(statement, {"share": share}).scalar_one(),)


def delete_unseen(
    connection: Connection, table: Seen, *, after: Key, before: datetime, limit: int
) -> Chunk:
    """Delete those of the next `limit` rows after a key that were last seen before then.

    There is no index by that time, so that writing it costs no entry: the rows are read in order
    of their keys. One that somebody is just writing stays.
    """
    names = _SEEN_KEYS[table]
    key = ", ".join(names)
    position = ", ".join(f":{name}" for name in names)
    row = connection.execute(
        text(
            "WITH chunk AS MATERIALIZED ("
            f"  SELECT {key}, ctid AS place, seen_at FROM {table} WHERE ({key}) > ({position})"
            f"  ORDER BY {key} LIMIT :limit),"
            f" deleted AS (DELETE FROM {table} WHERE ctid = ANY(ARRAY("
            f"  SELECT ctid FROM {table}"
            "   WHERE ctid = ANY(ARRAY(SELECT place FROM chunk WHERE seen_at < :before))"
            "   AND seen_at < :before FOR UPDATE SKIP LOCKED)) RETURNING 1)"
            " SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM chunk),"
            f" {key} FROM chunk ORDER BY {', '.join(f'{name} DESC' for name in names)} LIMIT 1"
        ),
        {**dict(zip(names, after, strict=True)), "before": before, "limit": limit},
    ).one_or_none()
    return Chunk(0, 0, after) if row is None else Chunk(row[0], row[1], tuple(row[2:]))
