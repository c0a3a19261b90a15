"""SQL of players' attributes: a JSON object of texts in the player's row, NULL when empty."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection, null, select, update

from domain.store.postgres.tables import users


def find_attributes(connection: Connection, *, user_id: UUID) -> dict[str, str] | None:
    """Return the player's attributes, or None when there is no such player."""
    return _read(connection, user_id, is_locked=False)


def lock_attributes(connection: Connection, *, user_id: UUID) -> dict[str, str] | None:
    """Lock the player's row and return the attributes, or None when there is no such player.

    The lock keeps a player who has no score yet from getting one meanwhile.
    """
    return _read(connection, user_id, is_locked=True)


def replace_attributes(
    connection: Connection, *, user_id: UUID, attributes: Mapping[str, str]
) -> None:
    """Store these attributes in place of all that were there."""
    connection.execute(
        update(users)
        .where(users.c.user_id == user_id)
        .values(attributes=dict(attributes) if attributes else null())
    )


def _read(connection: Connection, user_id: UUID, *, is_locked: bool) -> dict[str, str] | None:
    query = select(users.c.attributes).where(users.c.user_id == user_id)
    row = connection.execute(query.with_for_update() if is_locked else query).first()
    return None if row is None else row.attributes or {}
