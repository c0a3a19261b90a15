"""SQL of sessions: one per login, found by the hash of its refresh token."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from domain.store.postgres.accounts.identities import Identity
from domain.store.postgres.tables import sessions, users


def insert_session(
    connection: Connection,
    *,
    session_id: UUID,
    user_id: UUID,
    refresh_hash: bytes,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Store a new session."""
    connection.execute(
        insert(sessions).values(
            session_id=session_id,
            user_id=user_id,
            refresh_hash=refresh_hash,
            created_at=now,
            expires_at=expires_at,
        )
    )


def find_session_owner(
    connection: Connection, *, refresh_hash: bytes, now: datetime
) -> tuple[UUID, Identity] | None:
    """Return id and owner of the open session with this refresh token, or None."""
    row = connection.execute(
        select(sessions.c.session_id, users.c.user_id, users.c.username, users.c.password_hash)
        .join(users, users.c.user_id == sessions.c.user_id)
        .where(sessions.c.refresh_hash == refresh_hash, sessions.c.expires_at > now)
    ).first()
    if row is None:
        return None
    return row.session_id, Identity(row.user_id, row.username, row.password_hash)


def delete_session(connection: Connection, *, session_id: UUID) -> None:
    """Delete one session."""
    connection.execute(delete(sessions).where(sessions.c.session_id == session_id))


def delete_sessions_of(connection: Connection, *, user_id: UUID) -> None:
    """Delete every session of a user."""
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))
