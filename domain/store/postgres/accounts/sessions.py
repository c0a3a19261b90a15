"""SQL of sessions: one per login, found by the hash of its refresh token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from domain.store.postgres.accounts.identities import Identity
from domain.store.postgres.tables import sessions, users


@dataclass(frozen=True, slots=True)
class StoredSession:
    """An open session, without its refresh token."""

    session_id: UUID
    created_at: datetime
    expires_at: datetime


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


def list_sessions(
    connection: Connection, *, user_id: UUID, now: datetime
) -> Sequence[StoredSession]:
    """Return a user's open sessions, the newest first."""
    rows = connection.execute(
        select(sessions.c.session_id, sessions.c.created_at, sessions.c.expires_at)
        .where(sessions.c.user_id == user_id, sessions.c.expires_at > now)
        .order_by(sessions.c.created_at.desc(), sessions.c.session_id)
    )
    return [StoredSession(*row) for row in rows]


def delete_other_sessions(
    connection: Connection, *, user_id: UUID, kept: UUID | None
) -> Sequence[UUID]:
    """Delete every session of a user but `kept`, and return their ids."""
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if kept is not None:
        statement = statement.where(sessions.c.session_id != kept)
    return list(connection.execute(statement.returning(sessions.c.session_id)).scalars())
