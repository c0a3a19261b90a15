"""SQL of play sessions; every moment is PostgreSQL's, as the time at which an action came in is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


def lock_player(connection: Connection, *, user_id: UUID) -> bool:
    """Keep others from opening sessions of this player; return False when there is no such one."""
    rows = connection.execute(
        sql("SELECT 1 FROM users WHERE user_id = :user_id FOR NO KEY UPDATE"),
        {"user_id": user_id},
    )
    return rows.first() is not None


def insert_session(
    connection: Connection,
    *,
    session_id: UUID,
    user_id: UUID,
    client_no: int | None,
    device: UUID | None,
    lifetime_seconds: int,
    others_kept: int,
) -> tuple[datetime, datetime]:
    """Insert a session and end the player's open ones but the newest `others_kept`.

    Return when it started and when it expires. Others of the player wait for `lock_player` before.
    """
    row = connection.execute(
        sql(
            "WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS at), surplus AS ("
            " UPDATE play_sessions SET ended_at = (SELECT at FROM moment) WHERE session_id IN"
            " (SELECT session_id FROM play_sessions WHERE user_id = :user_id AND ended_at IS NULL"
            " ORDER BY started_at DESC, session_id OFFSET :others_kept))"
            " INSERT INTO play_sessions"
            " (session_id, user_id, client_no, last_device, started_at, expires_at)"
            " SELECT :session_id, :user_id, :client_no, CAST(:device AS uuid), at,"
            " at + make_interval(secs => :lifetime) FROM moment RETURNING started_at, expires_at"
        ),
        {
            "session_id": session_id,
            "user_id": user_id,
            "client_no": client_no,
            "device": device,
            "lifetime": lifetime_seconds,
            "others_kept": others_kept,
        },
    ).one()
    return row.started_at, row.expires_at


def end_session(connection: Connection, *, session_id: UUID, user_id: UUID | None) -> bool:
    """End a session of this player, of any for None; return False when there is no such one."""
    rows = connection.execute(
        sql(
            "UPDATE play_sessions SET ended_at = coalesce(ended_at, clock_timestamp())"
            " WHERE session_id = :session_id"
            " AND (CAST(:user_id AS uuid) IS NULL OR user_id = :user_id)"
        ),
        {"session_id": session_id, "user_id": user_id},
    )
    return rows.rowcount > 0
