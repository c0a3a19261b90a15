"""SQL of tickets: each opens one WebSocket once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, insert

from domain.store.postgres.tables import realtime_tickets


@dataclass(frozen=True, slots=True)
class StoredTicket:
    """A ticket as issued."""

    user_id: UUID
    origin: str | None
    session_id: UUID | None
    token_issued_at: datetime
    token_expires_at: datetime
    expires_at: datetime


def insert_ticket(connection: Connection, *, ticket_hash: bytes, ticket: StoredTicket) -> None:
    """Store a new ticket."""
    connection.execute(
        insert(realtime_tickets).values(
            ticket_hash=ticket_hash,
            user_id=ticket.user_id,
            origin=ticket.origin,
            session_id=ticket.session_id,
            token_issued_at=ticket.token_issued_at,
            token_expires_at=ticket.token_expires_at,
            expires_at=ticket.expires_at,
        )
    )


def consume_ticket(connection: Connection, *, ticket_hash: bytes) -> StoredTicket | None:
    """Delete the ticket and return it, or None; of two concurrent calls one gets it."""
    row = connection.execute(
        delete(realtime_tickets)
        .where(realtime_tickets.c.ticket_hash == ticket_hash)
        .returning(
            realtime_tickets.c.user_id,
            realtime_tickets.c.origin,
            realtime_tickets.c.session_id,
            realtime_tickets.c.token_issued_at,
            realtime_tickets.c.token_expires_at,
            realtime_tickets.c.expires_at,
        )
    ).first()
    if row is None:
        return None
    return StoredTicket(*row)


def delete_tickets_of(connection: Connection, *, user_id: UUID) -> None:
    """Delete every ticket of a user."""
    connection.execute(delete(realtime_tickets).where(realtime_tickets.c.user_id == user_id))
