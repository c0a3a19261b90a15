"""SQL of the roles that operators have given to accounts; `domain/accounts/roles.py` calls it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.store.postgres.statements import sql
from domain.store.postgres.tables import granted_roles, users

# Who is banned may log in, and only as a player.
_ROLES = """
SELECT role FROM granted_roles r WHERE user_id = :user_id
    AND NOT EXISTS (SELECT 1 FROM bans b WHERE b.user_id = r.user_id AND b.ended_at IS NULL)
ORDER BY role
"""


def list_roles(connection: Connection, *, user_id: UUID) -> Sequence[str]:
    """Return the roles of an account that is not banned; none of one that is."""
    return list(connection.execute(sql(_ROLES), {"user_id": user_id}).scalars())


def insert_role(connection: Connection, *, user_id: UUID, role: str) -> bool:
    """Give a stored user a role; return False when the user has it already."""
    statement = (
        upsert(granted_roles)
        .values(user_id=user_id, role=role)
        .on_conflict_do_nothing()
        .returning(granted_roles.c.role)
    )
    return connection.execute(statement).first() is not None


def delete_role(connection: Connection, *, user_id: UUID, role: str) -> bool:
    """Take a role away; return False when the user has not got it."""
    statement = delete(granted_roles).where(
        granted_roles.c.user_id == user_id, granted_roles.c.role == role
    )
    return connection.execute(statement).rowcount == 1


def list_holders(connection: Connection) -> Sequence[tuple[UUID, str, str]]:
    """Return the id, the name and a role of everybody who has one, by name."""
    rows = connection.execute(
        select(granted_roles.c.user_id, users.c.username, granted_roles.c.role)
        .join(users, users.c.user_id == granted_roles.c.user_id)
        .order_by(users.c.username_key, granted_roles.c.role)
    )
    return [(row.user_id, row.username, row.role) for row in rows]
