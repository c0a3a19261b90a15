"""Play sessions: a time of play that a player announces, and that its actions may name.

Not to be confused with the sessions of logins, which `domain/accounts/sessions.py` keeps.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from domain.clients.model import ClientFacts
from domain.errors import NotFoundError
from domain.store.postgres.accounts.players import ensure_players
from domain.store.postgres.clients.numbers import ensure_clients
from domain.store.postgres.clients.sessions import end_session, insert_session, lock_player
from domain.store.store import Store

MAX_OPEN = 20
"""Play sessions that one player may have open; another one ends the oldest."""


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A play session that has just begun; times are PostgreSQL's, as those of actions are."""

    session_id: UUID
    started_at: datetime
    expires_at: datetime


def open_play_session(
    store: Store,
    *,
    user_id: UUID,
    username: str | None,
    client: ClientFacts | None,
    lifetime_seconds: int,
) -> OpenedSession:
    """Store a new play session of this player and return it.

    `username` is the token's claim, for a player who is new; `client` is None when a game server
    opens it. Raises DatabaseUnavailableError.
    """
    session_id = uuid4()
    with store.write() as connection:
        if not lock_player(connection, user_id=user_id):
            ensure_players(connection, claimed_names={user_id: username})
            lock_player(connection, user_id=user_id)
        numbers = ensure_clients(connection, clients=[client] if client else [])
        started_at, expires_at = insert_session(
            connection,
            session_id=session_id,
            user_id=user_id,
            client_no=numbers.get(client) if client else None,
            device=client.device if client else None,
            lifetime_seconds=lifetime_seconds,
            others_kept=MAX_OPEN - 1,
        )
    return OpenedSession(session_id, started_at, expires_at)


def end_play_session(store: Store, *, session_id: UUID, user_id: UUID | None) -> None:
    """End a play session of this player, or of any player for None; one that has ended stays so.

    Raises NotFoundError for another player's as for an unknown one, and DatabaseUnavailableError.
    """
    with store.write() as connection:
        if not end_session(connection, session_id=session_id, user_id=user_id):
            raise NotFoundError("There is no such play session")
