"""SQL of heartbeats: when a process of each kind was last alive."""

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


def beat(connection: Connection, *, process: str) -> None:
    """Record that a process of this kind is alive now, by PostgreSQL's clock.

    Never waits for another process that is just doing the same: its beat counts for both.
    """
    connection.execute(
        sql(
            "WITH free AS MATERIALIZED (SELECT process FROM heartbeats"
            "   WHERE process = :process FOR NO KEY UPDATE SKIP LOCKED"
            "), beaten AS (UPDATE heartbeats h SET seen_at = clock_timestamp()"
            "   FROM free WHERE h.process = free.process)"
            " INSERT INTO heartbeats (process, seen_at) SELECT :process, clock_timestamp()"
            " WHERE NOT EXISTS (SELECT 1 FROM heartbeats WHERE process = :process)"
            " ON CONFLICT DO NOTHING"
        ),
        {"process": process},
    )


def list_silence_seconds(connection: Connection) -> dict[str, float]:
    """Return the seconds since the last heartbeat, by kind of process."""
    rows = connection.execute(
        sql("SELECT process, extract(epoch FROM clock_timestamp() - seen_at) FROM heartbeats")
    )
    return {process: float(seconds) for process, seconds in rows}
