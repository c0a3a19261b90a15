"""SQL of heartbeats: when a process of each kind was last alive."""

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


def beat(connection: Connection, *, process: str) -> None:
    """Record that a process of this kind is alive now, by PostgreSQL's clock."""
    connection.execute(
        sql(
            "INSERT INTO heartbeats (process, seen_at) VALUES (:process, clock_timestamp())"
            " ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at"
        ),
        {"process": process},
    )


def list_silence_seconds(connection: Connection) -> dict[str, float]:
    """Return the seconds since the last heartbeat, by kind of process."""
    rows = connection.execute(
        sql("SELECT process, extract(epoch FROM clock_timestamp() - seen_at) FROM heartbeats")
    )
    return {process: float(seconds) for process, seconds in rows}
