"""WebSocket tickets: 128 random bits, valid for 30 seconds, once, for one user and one origin.

A browser cannot send an Authorization header with a WebSocket upgrade, and a token does not belong
in a URL.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID

from domain.errors import InvalidTokenError
from domain.store.postgres.accounts.tickets import StoredTicket, consume_ticket, insert_ticket
from domain.store.store import Store

TICKET_BYTES = 16
TICKET_LIFETIME_SECONDS = 30


@dataclass(frozen=True, slots=True)
class TicketHolder:
    """The user that a redeemed ticket admits, and what its token tells of revocations and its end.

    A revocation of the user up to `token_issued_at` does not touch it.
    """

    user_id: UUID
    session_id: UUID | None
    token_issued_at: datetime
    token_expires_at: datetime


def issue_ticket(store: Store, *, holder: TicketHolder, origin: str | None, now: datetime) -> str:
    """Return a new ticket, to be redeemed within TICKET_LIFETIME_SECONDS from this origin."""
    ticket = token_urlsafe(TICKET_BYTES)
    stored = StoredTicket(
        user_id=holder.user_id,
        origin=origin,
        session_id=holder.session_id,
        token_issued_at=holder.token_issued_at,
        token_expires_at=holder.token_expires_at,
        expires_at=now + timedelta(seconds=TICKET_LIFETIME_SECONDS),
    )
    with store.write() as connection:
        insert_ticket(connection, ticket_hash=_hash(ticket), ticket=stored)
    return ticket


def redeem_ticket(
    store: Store,
    *,
    ticket: str,
    origin: str | None,
    now: datetime,
    admit: Callable[[UUID], None] = lambda _user_id: None,
) -> TicketHolder:
    """Return the holder of the ticket; it is used up even when it is refused.

    Raises InvalidTokenError when it is unknown, used, expired or of another origin. What `admit`
    raises for the holder passes, and leaves the ticket as it was: it can be redeemed later.
    """
    with store.write() as connection:
        stored = consume_ticket(connection, ticket_hash=_hash(ticket))
        is_good = stored is not None and stored.expires_at > now and stored.origin == origin
        if is_good and stored is not None:
            admit(stored.user_id)
    if stored is None or not is_good:
        raise InvalidTokenError
    return TicketHolder(
        stored.user_id, stored.session_id, stored.token_issued_at, stored.token_expires_at
    )


def _hash(ticket: str) -> bytes:
    # No salt, no slow hash: the ticket has 128 random bits.
    return sha256(ticket.encode("utf-8", "surrogatepass")).digest()
