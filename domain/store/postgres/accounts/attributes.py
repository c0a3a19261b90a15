"""SQL of players' attributes: JSON in the player's row, of texts and of their changes."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, null, select, update

from domain.rankings.belonging import History, decode_history, encode_history
from domain.store.postgres.tables import users


class StoredAttributes(NamedTuple):
    """A player's attributes by name, and their changes, the earliest first."""

    values: Mapping[str, str]
    history: History


def find_attributes(connection: Connection, *, user_id: UUID) -> StoredAttributes | None:
    """Return the player's attributes, or None when there is no such player."""
    return _read(connection, user_id, is_locked=False)


def lock_attributes(connection: Connection, *, user_id: UUID) -> StoredAttributes | None:
    """Lock the player's row and return the attributes, or None when there is no such player.

    The lock keeps a player who has no score yet from getting one meanwhile.
    """
    return _read(connection, user_id, is_locked=True)


def replace_attributes(
    connection: Connection, *, user_id: UUID, attributes: StoredAttributes
) -> None:
    """Store these attributes and changes in place of all that were there."""
    values, history = attributes
    connection.execute(
        update(users)
        .where(users.c.user_id == user_id)
        .values(
            attributes=dict(values) if values else null(),
            attribute_history=encode_history(history) if history else null(),
        )
    )


def _read(connection: Connection, user_id: UUID, *, is_locked: bool) -> StoredAttributes | None:
    query = select(users.c.attributes, users.c.attribute_history).where(users.c.user_id == user_id)
    row = connection.execute(query.with_for_update() if is_locked else query).first()
    if row is None:
        return None
    return StoredAttributes(row.attributes or {}, decode_history(row.attribute_history))
