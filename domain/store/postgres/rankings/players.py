"""SQL of what boards need of players: what they have joined, and their attributes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from domain.store.postgres.statements import sql

_JOINED = sql(
    "SELECT board_id, CAST(user_id AS text), joined_at FROM board_members"
    " WHERE user_id = ANY(CAST(:users AS uuid[]))"
)
_ATTRIBUTES = sql(
    "SELECT CAST(user_id AS text) AS user_id, attributes FROM users"
    " WHERE user_id = ANY(CAST(:users AS uuid[])) AND attributes IS NOT NULL"
)


def list_joined(
    connection: Connection, *, user_ids: Sequence[str]
) -> dict[str, dict[str, datetime]]:
    """Return by user when each joined which boards."""
    joined: dict[str, dict[str, datetime]] = {}
    for board_id, user_id, joined_at in connection.execute(_JOINED, {"users": list(user_ids)}):
        joined.setdefault(user_id, {})[board_id] = joined_at
    return joined


def list_attributes(
    connection: Connection, *, user_ids: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return the attributes of those of these users who have any."""
    rows = connection.execute(_ATTRIBUTES, {"users": list(user_ids)})
    return {row.user_id: row.attributes for row in rows}
