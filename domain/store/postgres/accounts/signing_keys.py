"""SQL of the keys that game servers sign with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.step_up.model import Algorithm
from domain.store.postgres.tables import signing_keys


@dataclass(frozen=True, slots=True)
class StoredSigningKey:
    """A key as it is stored: what verifies is encrypted (`sealed`)."""

    key_id: str
    algorithm: Algorithm
    sealed: bytes
    created_at: datetime
    revoked_at: datetime | None = None


def insert_signing_key(connection: Connection, *, key: StoredSigningKey) -> bool:
    """Store a new key; return False when one, perhaps a revoked one, has its name."""
    statement = (
        upsert(signing_keys)
        .values(
            key_id=key.key_id,
            algorithm=key.algorithm,
            key=key.sealed,
            created_at=key.created_at,
        )
        .on_conflict_do_nothing()
        .returning(signing_keys.c.key_id)
    )
    return connection.execute(statement).first() is not None


def list_signing_keys(connection: Connection) -> Sequence[StoredSigningKey]:
    """Return every key, revoked ones too, in the order in which they were made."""
    columns = signing_keys.c
    rows = connection.execute(
        select(
            columns.key_id, columns.algorithm, columns.key, columns.created_at, columns.revoked_at
        ).order_by(columns.created_at, columns.key_id)
    )
    return [
        StoredSigningKey(key_id, Algorithm(algorithm), bytes(key), created_at, revoked_at)
        for key_id, algorithm, key, created_at, revoked_at in rows
    ]


def mark_signing_key_revoked(connection: Connection, *, key_id: str, now: datetime) -> bool:
    """Revoke the key; return False when there is none that is not revoked."""
    statement = (
        update(signing_keys)
        .where(signing_keys.c.key_id == key_id, signing_keys.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return connection.execute(statement).rowcount == 1
