"""API keys: how game servers authenticate for longer than a token lives.

A key is shown once, when it is made; the store has its SHA-256 and its first characters. Verified
from memory by `web/access/api_keys.py`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID, uuid4

from domain.store.postgres.accounts.api_keys import (
    ApiKey,
    insert_api_key,
    list_api_keys,
    mark_api_key_revoked,
)
from domain.store.postgres.accounts.revocations import RevocationKind, insert_revocation
from domain.store.redis.revocations import announce_revocation
from domain.store.store import Store

# Tells keys from tokens, and lets scanners for leaked secrets find them.
KEY_PREFIX = "lrl_"
KEY_BYTES = 32
SHOWN_CHARS = len(KEY_PREFIX) + 8
# Longer than any process trusts what it remembers of the keys without reading them again.
REVOCATION_KEPT = timedelta(days=1)


def create_api_key(
    store: Store, *, name: str, roles: Collection[str], expires_at: datetime | None, now: datetime
) -> tuple[str, ApiKey] | None:
    """Store a new key and return it with its facts; None when the name is in use."""
    secret = f"{KEY_PREFIX}{token_urlsafe(KEY_BYTES)}"
    key = ApiKey(
        key_id=uuid4(),
        name=name,
        prefix=secret[:SHOWN_CHARS],
        roles=frozenset(roles),
        created_at=now,
        expires_at=expires_at,
    )
    with store.write() as connection:
        if not insert_api_key(connection, key=key, key_hash=hash_api_key(secret)):
            return None
    return secret, key


def list_keys(store: Store) -> list[ApiKey]:
    """Return every key, revoked ones too, oldest first."""
    with store.write() as connection:
        return list_api_keys(connection)


def revoke_api_key(store: Store, *, key: str, now: datetime) -> UUID | None:
    """Revoke the key with this name, id or prefix; return its id, or None when there is none.

    Every process refuses it within a second, and closes its sockets.
    """
    with store.write() as connection:
        key_id = mark_api_key_revoked(connection, key=key)
        if key_id is None:
            return None
        # Of the user that the key is: tickets made with it know no more.
        insert_revocation(
            connection,
            kind=RevocationKind.USER,
            subject=str(key_id),
            expires_at=now + REVOCATION_KEPT,
        )
    announce_revocation(store.redis)
    return key_id


def hash_api_key(secret: str) -> bytes:
    """Return what the store knows a key by."""
    # No salt, no slow hash: a key has 256 random bits.
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
