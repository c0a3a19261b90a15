"""The keys that game servers sign with: made, listed and revoked by the operators' commands.

Verified from memory by `web/access/signing_keys.py`, which reads them again every second.
"""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_bytes

import structlog

from domain.errors import SecretUnreadableError
from domain.step_up.cipher import SecretCipher
from domain.step_up.model import Algorithm, SigningKey
from domain.store.postgres.accounts.signing_keys import (
    StoredSigningKey,
    insert_signing_key,
    list_signing_keys,
    mark_signing_key_revoked,
)
from domain.store.store import Store

logger = structlog.get_logger(__name__)

SECRET_BYTES = 32


def create_signing_key(
    store: Store,
    cipher: SecretCipher,
    *,
    key_id: str,
    public_key: bytes | None,
    now: datetime,
) -> SigningKey | None:
    """Store a key for Ed25519 with this public key, else one for HMAC with a new secret.

    Returns it, or None when a key, perhaps a revoked one, has the name.
    """
    if public_key is None:
        key = SigningKey(key_id, Algorithm.HMAC_SHA256, token_bytes(SECRET_BYTES))
    else:
        key = SigningKey(key_id, Algorithm.ED25519, public_key)
    with store.write() as connection:
        is_new = insert_signing_key(
            connection,
            key=StoredSigningKey(
                key_id, key.algorithm, cipher.encrypt(key.material, owner=_name_owner(key)), now
            ),
        )
    return key if is_new else None


def list_all_signing_keys(store: Store) -> Sequence[StoredSigningKey]:
    """Return every key, revoked ones too, oldest first."""
    with store.write() as connection:
        return list_signing_keys(connection)


def revoke_signing_key(store: Store, *, key_id: str, now: datetime) -> bool:
    """Revoke the key; return False when there is none that is not revoked.

    Every process refuses its signatures within a second.
    """
    with store.write() as connection:
        return mark_signing_key_revoked(connection, key_id=key_id, now=now)


def read_signing_keys(store: Store, cipher: SecretCipher) -> dict[str, SigningKey | None]:
    """Return the keys that are not revoked, by name; None for one that cannot be decrypted."""
    return {
        stored.key_id: _open(cipher, stored)
        for stored in list_all_signing_keys(store)
        if stored.revoked_at is None
    }


def _open(cipher: SecretCipher, stored: StoredSigningKey) -> SigningKey | None:
    try:
        material = cipher.decrypt(stored.sealed, owner=_name_owner(stored))
    except SecretUnreadableError:
        logger.error("signing key cannot be decrypted", key_id=stored.key_id)
        return None
    return SigningKey(stored.key_id, stored.algorithm, material)


def _name_owner(key: SigningKey | StoredSigningKey) -> str:
    return f"signing key {key.key_id} {key.algorithm}"
