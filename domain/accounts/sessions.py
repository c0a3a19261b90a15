"""Sessions: one per login, with refresh tokens that are stored hashed; ended by a logout.

Refresh tokens rotate (RFC 9700, section 4.14.2): each is used once and answered with the next one.
A used one that comes again was copied by somebody, and ends the session for both.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes, token_urlsafe
from uuid import UUID, uuid4

import structlog

from domain.errors import InvalidTokenError
from domain.store.postgres.accounts.identities import Identity
from domain.store.postgres.accounts.revocations import (
    RevocationKind,
    insert_revocation,
)
from domain.store.postgres.accounts.roles import list_roles
from domain.store.postgres.accounts.sessions import (
    StoredSession,
    delete_session,
    delete_sessions_of,
    insert_session,
    lock_session,
    rotate_session,
)
from domain.store.redis.revocations import announce_revocation
from domain.store.store import Connection, Store

logger = structlog.get_logger(__name__)

# All refresh tokens of a session begin with its family: only who once held one of them knows it.
FAMILY_BYTES = 16
REFRESH_TOKEN_BYTES = 32
# A client whose answer was lost repeats its token, and two tabs may send one at the same time: for
# so long they get the same next token.
ROTATION_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Session:
    """One login; `refresh_token` exists here only, the store has its hash.

    Revocations of the user up to `opened_at` do not touch it; by PostgreSQL's clock. `roles` are
    those that an operator has given to the account.
    """

    session_id: UUID
    user_id: UUID
    username: str
    refresh_token: str
    opened_at: datetime
    roles: Sequence[str] = ()


def open_session(
    store: Store, *, identity: Identity, now: datetime, lifetime_seconds: int
) -> Session:
    """Store a new session of this player and return it."""
    session_id, family = uuid4(), token_urlsafe(FAMILY_BYTES)
    refresh_token = f"{family}.{token_urlsafe(REFRESH_TOKEN_BYTES)}"
    with store.write() as connection:
        opened_at = insert_session(
            connection,
            session_id=session_id,
            user_id=identity.user_id,
            family_hash=_hash(family),
            refresh_hash=_hash(refresh_token),
            expires_at=now + timedelta(seconds=lifetime_seconds),
        )
        roles = list_roles(connection, user_id=identity.user_id)
    return Session(session_id, identity.user_id, identity.username, refresh_token, opened_at, roles)


def refresh_session(store: Store, *, refresh_token: str, now: datetime, until: datetime) -> Session:
    """Return the session of a refresh token, with the next refresh token.

    Raises InvalidTokenError when there is no such session, and when the token was used before: then
    the session ends, with its access tokens, which all expire by `until`.
    """
    family = refresh_token.partition(".")[0]
    with store.write() as connection:
        stored = lock_session(connection, family_hash=_hash(family), now=now)
        if stored is None:
            raise InvalidTokenError
        next_token = _rotate(connection, stored, refresh_token, now)
        if next_token is None:
            _end_session(connection, stored.session_id, until)
        roles = list_roles(connection, user_id=stored.user_id)
    if next_token is None:
        announce_revocation(store.redis)
        logger.warning(
            "session ended: its refresh token was used twice",
            session_id=str(stored.session_id),
            user_id=str(stored.user_id),
        )
        raise InvalidTokenError
    return Session(
        stored.session_id, stored.user_id, stored.username, next_token, stored.opened_at, roles
    )


def end_session(store: Store, *, session_id: UUID, until: datetime) -> None:
    """End a session: its refresh token and its access tokens, which all expire by `until`."""
    with store.write() as connection:
        _end_session(connection, session_id, until)
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


def _rotate(connection: Connection, stored: StoredSession, token: str, now: datetime) -> str | None:
    """Return the token that follows this one, or None when this one may not be used any more."""
    presented = _hash(token)
    if hmac.compare_digest(presented, stored.refresh_hash):
        salt = token_bytes(REFRESH_TOKEN_BYTES)
        next_token = _derive(token, salt)
        rotate_session(
            connection,
            session_id=stored.session_id,
            refresh_hash=_hash(next_token),
            previous_hash=presented,
            rotation_salt=salt,
            now=now,
        )
        return next_token
    if stored.previous_hash is None or stored.rotation_salt is None or stored.rotated_at is None:
        return None
    is_previous = hmac.compare_digest(presented, stored.previous_hash)
    if is_previous and now - stored.rotated_at <= ROTATION_GRACE:
        return _derive(token, stored.rotation_salt)
    return None


def _derive(token: str, salt: bytes) -> str:
    """Return the token that follows this one: only who has both token and salt can make it.

    So the answer to a repeat is the same, though the store has no token, only hashes.
    """
    derived = hmac.digest(salt, token.encode("utf-8", "surrogatepass"), "sha256")
    family = token.partition(".")[0]
    return f"{family}.{urlsafe_b64encode(derived).rstrip(b'=').decode()}"


def _end_session(connection: Connection, session_id: UUID, until: datetime) -> None:
    delete_session(connection, session_id=session_id)
    insert_revocation(
        connection, kind=RevocationKind.SESSION, subject=str(session_id), expires_at=until
    )


def _hash(text: str) -> bytes:
    # No salt, no slow hash: each has 128 random bits or more.
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
