"""SQL of identities: a player's name and password hash."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.accounts.lookalikes import skeleton
from domain.store.postgres.tables import users


@dataclass(frozen=True, slots=True)
class Identity:
    """A player's name and, if there is one, the password hash."""

    user_id: UUID
    username: str
    password_hash: str | None


def insert_identity(
    connection: Connection, *, identity: Identity, username_key: str, now: datetime
) -> bool:
    """Store a new identity; return False when another player has the name, or one like it."""
    statement = (
        upsert(users)
        .values(
            user_id=identity.user_id,
            username=identity.username,
            username_key=username_key,
            username_skeleton=skeleton(identity.username),
            password_hash=identity.password_hash,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(users.c.user_id)
    )
    return connection.execute(statement).first() is not None


def find_identity(connection: Connection, *, username_key: str) -> Identity | None:
    """Return the identity with this name, or None."""
    row = connection.execute(
        select(users.c.user_id, users.c.username, users.c.password_hash).where(
            users.c.username_key == username_key
        )
    ).first()
    return None if row is None else Identity(row.user_id, row.username, row.password_hash)
