"""Sessions: one per login, with a refresh token that is stored hashed; ended by a logout."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID, uuid4

from domain.errors import InvalidTokenError
from domain.store.postgres.accounts.identities import Identity
from domain.store.postgres.accounts.revocations import (
    RevocationKind,
    insert_revocation,
)
from domain.store.postgres.accounts.sessions import (
    delete_session,
    delete_sessions_of,
    find_session_owner,
    insert_session,
)
from domain.store.redis.revocations import announce_revocation
from domain.store.store import Store

REFRESH_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """One login; `refresh_token` exists here only, the store has its hash."""

    session_id: UUID
    user_id: UUID
    username: str
    refresh_token: str


def open_session(
    store: Store, *, identity: Identity, now: datetime, lifetime_seconds: int
) -> Session:
    """Store a new session of this player and return it."""
    session = Session(
        session_id=uuid4(),
        user_id=identity.user_id,
        username=identity.username,
        refresh_token=token_urlsafe(REFRESH_TOKEN_BYTES),
    )
    with store.write() as connection:
        insert_session(
            connection,
            session_id=session.session_id,
            user_id=session.user_id,
            refresh_hash=_hash(session.refresh_token),
            now=now,
            expires_at=now + timedelta(seconds=lifetime_seconds),
        )
    return session


def find_session(store: Store, *, refresh_token: str, now: datetime) -> Session:
    """Return the session of a refresh token; raises InvalidTokenError unless it is open."""
    with store.write() as connection:
        found = find_session_owner(connection, refresh_hash=_hash(refresh_token), now=now)
    if found is None:
        raise InvalidTokenError
    session_id, identity = found
    return Session(session_id, identity.user_id, identity.username, refresh_token)


def end_session(store: Store, *, session_id: UUID, until: datetime) -> None:
    """End a session: its refresh token and its access tokens, which all expire by `until`."""
    with store.write() as connection:
        delete_session(connection, session_id=session_id)
        insert_revocation(
            connection, kind=RevocationKind.SESSION, subject=str(session_id), expires_at=until
        )
    announce_revocation(store.redis)


def revoke_token(store: Store, *, jti: str, until: datetime) -> None:
    """End one access token, which expires at `until` at the latest."""
    with store.write() as connection:
        insert_revocation(connection, kind=RevocationKind.JTI, subject=jti, expires_at=until)
    announce_revocation(store.redis)


def revoke_user(store: Store, *, user_id: UUID, until: datetime) -> None:
    """End all sessions of a user and every access token issued until now."""
    with store.write() as connection:
        delete_sessions_of(connection, user_id=user_id)
        insert_revocation(
            connection, kind=RevocationKind.USER, subject=str(user_id), expires_at=until
        )
    announce_revocation(store.redis)


def _hash(refresh_token: str) -> bytes:
    # No salt, no slow hash: the token has 256 random bits.
    return sha256(refresh_token.encode("utf-8", "surrogatepass")).digest()
