"""SQL of sessions: one per login, found by the part that all of its refresh tokens share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, update

from domain.store.postgres.tables import sessions, users


@dataclass(frozen=True, slots=True)
class StoredSession:
    """An open session; `previous_hash`, `rotation_salt` and `rotated_at` are of the last rotation.

    `opened_at` is by PostgreSQL's clock, as revocations are.
    """

    session_id: UUID
    user_id: UUID
    username: str
    opened_at: datetime
    refresh_hash: bytes
    previous_hash: bytes | None
    rotation_salt: bytes | None
    rotated_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What a player is shown of a session: nothing of its refresh token."""

    session_id: UUID
    created_at: datetime
    expires_at: datetime


def insert_session(
    connection: Connection,
    *,
    session_id: UUID,
    user_id: UUID,
    family_hash: bytes,
    refresh_hash: bytes,
    expires_at: datetime,
) -> datetime:
    """Store a new session of a stored user; return when it was opened, by PostgreSQL's clock.

    It waits for a revocation of the user that is under way, and is opened after it.
    """
    # The lock comes first: the time must be that of a moment when the user cannot be revoked.
    owner = select(users.c.user_id).where(users.c.user_id == user_id)
    connection.execute(owner.with_for_update(read=True, key_share=True))
    opened_at: datetime = connection.execute(
        insert(sessions)
        .values(
            session_id=session_id,
            user_id=user_id,
            family_hash=family_hash,
            refresh_hash=refresh_hash,
            created_at=func.clock_timestamp(),
            expires_at=expires_at,
        )
        .returning(sessions.c.created_at)
    ).scalar_one()
    return opened_at


def lock_session(
    connection: Connection, *, family_hash: bytes, now: datetime
) -> StoredSession | None:
    """Return the open session of this family and lock its row, or None."""
    row = connection.execute(
        select(
            sessions.c.session_id,
            users.c.user_id,
            users.c.username,
            sessions.c.created_at,
            sessions.c.refresh_hash,
            sessions.c.previous_hash,
            sessions.c.rotation_salt,
            sessions.c.rotated_at,
        )
        .join(users, users.c.user_id == sessions.c.user_id)
        .where(sessions.c.family_hash == family_hash, sessions.c.expires_at > now)
        .with_for_update(of=sessions)
    ).first()
    return None if row is None else StoredSession(*row)


def rotate_session(
    connection: Connection,
    *,
    session_id: UUID,
    refresh_hash: bytes,
    previous_hash: bytes,
    rotation_salt: bytes,
    now: datetime,
) -> None:
    """Store the session's next refresh token, and the one that it follows."""
    connection.execute(
        update(sessions)
        .where(sessions.c.session_id == session_id)
        .values(
            refresh_hash=refresh_hash,
            previous_hash=previous_hash,
            rotation_salt=rotation_salt,
            rotated_at=now,
        )
    )


def delete_session(connection: Connection, *, session_id: UUID) -> None:
    """Delete one session."""
    connection.execute(delete(sessions).where(sessions.c.session_id == session_id))


def delete_sessions_of(connection: Connection, *, user_id: UUID) -> None:
    """Delete every session of a user; until the end of the transaction none can be opened."""
    connection.execute(select(users.c.user_id).where(users.c.user_id == user_id).with_for_update())
    connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


def list_sessions(connection: Connection, *, user_id: UUID, now: datetime) -> Sequence[OpenSession]:
    """Return a user's open sessions, the newest first."""
    rows = connection.execute(
        select(sessions.c.session_id, sessions.c.created_at, sessions.c.expires_at)
        .where(sessions.c.user_id == user_id, sessions.c.expires_at > now)
        .order_by(sessions.c.created_at.desc(), sessions.c.session_id)
    )
    return [OpenSession(*row) for row in rows]


def delete_other_sessions(
    connection: Connection, *, user_id: UUID, kept: UUID | None
) -> Sequence[UUID]:
    """Delete every session of a user but `kept`, and return their ids."""
    statement = delete(sessions).where(sessions.c.user_id == user_id)
    if kept is not None:
        statement = statement.where(sessions.c.session_id != kept)
    return list(connection.execute(statement.returning(sessions.c.session_id)).scalars())
