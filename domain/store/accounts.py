"""SQL of accounts: identities with a password, sessions, and tickets for the sockets."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.store.tables import realtime_tickets, sessions, users


@dataclass(frozen=True, slots=True)
class Identity:
    """A player's name and, if there is one, the hash of the password."""

    user_id: UUID
    username: str
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class StoredTicket:
    """A ticket as it was issued."""

    user_id: UUID
    origin: str | None
    session_id: UUID | None
    token_expires_at: datetime
    expires_at: datetime


def insert_identity(
    connection: Connection, *, identity: Identity, username_key: str, now: datetime
) -> bool:
    """Store a new identity; returns False when another one has the name."""
    statement = (
        upsert(users)
        .values(
            user_id=identity.user_id,
            username=identity.username,
            username_key=username_key,
            password_hash=identity.password_hash,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[users.c.username_key])
        .returning(users.c.user_id)
    )
    return connection.execute(statement).first() is not None


def find_identity(connection: Connection, *, username_key: str) -> Identity | None:
    """Return the identity with this name."""
    row = connection.execute(
        select(users.c.user_id, users.c.username, users.c.password_hash).where(
            users.c.username_key == username_key
        )
    ).first()
    return None if row is None else Identity(row.user_id, row.username, row.password_hash)


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
    """Return the id and the owner of the session with this refresh token, unless it has ended."""
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


def insert_ticket(connection: Connection, *, ticket_hash: bytes, ticket: StoredTicket) -> None:
    """Store a new ticket."""
    connection.execute(
        insert(realtime_tickets).values(
            ticket_hash=ticket_hash,
            user_id=ticket.user_id,
            origin=ticket.origin,
            session_id=ticket.session_id,
            token_expires_at=ticket.token_expires_at,
            expires_at=ticket.expires_at,
        )
    )


def take_ticket(connection: Connection, *, ticket_hash: bytes) -> StoredTicket | None:
    """Delete the ticket and return it: of two takers one gets it."""
    row = connection.execute(
        delete(realtime_tickets)
        .where(realtime_tickets.c.ticket_hash == ticket_hash)
        .returning(
            realtime_tickets.c.user_id,
            realtime_tickets.c.origin,
            realtime_tickets.c.session_id,
            realtime_tickets.c.token_expires_at,
            realtime_tickets.c.expires_at,
        )
    ).first()
    if row is None:
        return None
    return StoredTicket(
        row.user_id, row.origin, row.session_id, row.token_expires_at, row.expires_at
    )
