"""SQL of API keys: written by the operators' commands, read by every process that verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, String, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.store.postgres.statements import sql
from domain.store.postgres.tables import api_keys

USE_INTERVAL_SECONDS = 60

_COLUMNS = (
    api_keys.c.key_id,
    api_keys.c.name,
    api_keys.c.prefix,
    api_keys.c.roles,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.revoked_at,
    api_keys.c.last_used_at,
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret; `last_used_at` may be a minute late."""

    key_id: UUID
    name: str
    prefix: str
    roles: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


def insert_api_key(connection: Connection, *, key: ApiKey, key_hash: bytes) -> bool:
    """Store a new key; return False when another one that is not revoked has the name."""
    statement = (
        upsert(api_keys)
        .values(
            key_id=key.key_id,
            name=key.name,
            prefix=key.prefix,
            key_hash=key_hash,
            roles=sorted(key.roles),
            created_at=key.created_at,
            expires_at=key.expires_at,
        )
        .on_conflict_do_nothing(
            index_elements=[api_keys.c.name], index_where=api_keys.c.revoked_at.is_(None)
        )
        .returning(api_keys.c.key_id)
    )
    return connection.execute(statement).first() is not None


def list_api_keys(connection: Connection) -> list[ApiKey]:
    """Return every key, revoked ones too, in the order in which they were made."""
    query = select(*_COLUMNS).order_by(api_keys.c.created_at, api_keys.c.key_id)
    return [_read(row) for row in connection.execute(query)]


def read_api_keys_by_hash(connection: Connection) -> dict[bytes, ApiKey]:
    """Return the keys that are not revoked, by their hash; some may have expired."""
    query = select(*_COLUMNS, api_keys.c.key_hash).where(api_keys.c.revoked_at.is_(None))
    return {bytes(row.key_hash): _read(row) for row in connection.execute(query)}


def mark_api_key_revoked(connection: Connection, *, key: str) -> UUID | None:
    """Revoke the key with this name, id or prefix; return its id, or None when there is none."""
    named = or_(
        api_keys.c.name == key,
        api_keys.c.prefix == key,
        cast(api_keys.c.key_id, String) == key,
    )
    statement = (
        update(api_keys)
        .where(named, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
        .returning(api_keys.c.key_id)
    )
    return connection.execute(statement).scalar_one_or_none()


def mark_api_keys_used(connection: Connection, *, uses: Mapping[UUID, datetime]) -> None:
    """Store when keys were last used, at most once in USE_INTERVAL_SECONDS for each key."""
    # SKIP LOCKED: another process that stores a use of the key at this moment does the same.
    connection.execute(
        sql(
            "WITH due AS (SELECT k.key_id, u.used_at FROM api_keys k"
            " JOIN unnest(CAST(:keys AS uuid[]), CAST(:times AS timestamptz[]))"
            " AS u(key_id, used_at) ON u.key_id = k.key_id WHERE k.last_used_at IS NULL"
            " OR k.last_used_at <= u.used_at - make_interval(secs => :interval)"
            " FOR UPDATE OF k SKIP LOCKED)"
            " UPDATE api_keys SET last_used_at = due.used_at FROM due"
            " WHERE api_keys.key_id = due.key_id"
        ),
        {
            "keys": [str(key_id) for key_id in uses],
            "times": [used_at.isoformat() for used_at in uses.values()],
            "interval": USE_INTERVAL_SECONDS,
        },
    )


def _read(row: Any) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        name=row.name,
        prefix=row.prefix,
        roles=frozenset(row.roles),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
