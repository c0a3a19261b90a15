"""SQL of what boards need of players: what they have joined, and their attributes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from domain.rankings.belonging import History, decode_history
from domain.store.postgres.statements import sql

_JOINED = sql(
    "SELECT board_id, CAST(user_id AS text), joined_at FROM board_members"
    " WHERE user_id = ANY(CAST(:users AS uuid[]))"
)
_ATTRIBUTES = sql(
    "SELECT CAST(user_id AS text), attributes, attribute_history FROM users"
    " WHERE user_id = ANY(CAST(:users AS uuid[]))"
    " AND (attributes IS NOT NULL OR attribute_history IS NOT NULL)"
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
) -> dict[str, tuple[dict[str, str], History]]:
    """Return the attributes, and their changes, of those of these users who have or had any."""
    rows = connection.execute(_ATTRIBUTES, {"users": list(user_ids)})
    return {
        user_id: (attributes or {}, decode_history(history))
        for user_id, attributes, history in rows
    }
