"""The credential of a connection: a bearer token, or a one-time ticket offered as a subprotocol.

Read during the handshake; a session renews it in band and closes at its end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from domain.accounts.tickets import redeem_ticket
from domain.errors import UnauthorizedError
from domain.store.store import Store
from web.access.verifier import TokenVerifier, read_bearer_token
from web.http.caller import Principal

TICKET_PREFIX = "ticket."


@dataclass(frozen=True, slots=True)
class Credential:
    """What keeps a connection open: it ends with the token, its login session or a ban."""

    user_id: UUID
    session_id: UUID | None
    jti: str | None
    issued_at: datetime
    expires_at: datetime

    def is_revoked(self, verifier: TokenVerifier) -> bool:
        """Return whether the token, its session or its user was revoked."""
        return verifier.is_revoked(
            user_id=self.user_id,
            session_id=self.session_id,
            jti=self.jti,
            issued_at=self.issued_at,
        )


def from_principal(principal: Principal) -> Credential:
    """Return the credential of a verified token."""
    return Credential(
        user_id=principal.user_id,
        session_id=principal.session_id,
        jti=principal.jti,
        issued_at=principal.issued_at,
        expires_at=principal.expires_at,
    )


def read_credential(
    verifier: TokenVerifier,
    store: Store,
    *,
    authorization: str | None,
    protocols: list[str],
    origin: str | None,
    admit: Callable[[UUID], None],
) -> Credential:
    """Return the credential of a handshake, after `admit` has let its user in.

    What `admit` raises passes; the ticket stays good then. Raises UnauthorizedError without a
    credential, InvalidTokenError or TokenExpiredError for one that is not valid,
    DatabaseUnavailableError when that cannot be read.
    """
    if authorization is not None:
        credential = from_principal(verifier.verify(read_bearer_token(authorization)))
        admit(credential.user_id)
        return credential
    tickets = [name for name in protocols if name.startswith(TICKET_PREFIX)]
    if len(tickets) != 1:
        raise UnauthorizedError("A bearer token or one ticket is required")
    now = datetime.now(UTC)
    ticket = tickets[0].removeprefix(TICKET_PREFIX)
    holder = redeem_ticket(store, ticket=ticket, origin=origin, now=now, admit=admit)
    return Credential(
        user_id=holder.user_id,
        session_id=holder.session_id,
        jti=None,
        # Not the ticket's own: a ban after the token was issued must end this.
        issued_at=holder.token_issued_at,
        expires_at=holder.token_expires_at,
    )
