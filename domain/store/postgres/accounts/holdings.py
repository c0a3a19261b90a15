"""SQL of what is stored of a player beside the identity and the actions, for the player's export.

No hash of a device or an address is in it, nor what moderators wrote for each other.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql

# By the field of the export; each row becomes one JSON object. Times are written as in all answers.
_LISTS = {
    "playSessions": 'SELECT session_id AS "sessionId", started_at AS "startedAt",'
    ' expires_at AS "expiresAt", ended_at AS "endedAt" FROM play_sessions'
    " WHERE user_id = :id ORDER BY started_at DESC LIMIT 1000",
    "clients": 'SELECT c.country, c.latitude, c.longitude, c.is_hosting AS "isDataCentre",'
    ' count(*) AS actions, min(a.created_at) AS "firstSeen", max(a.created_at) AS "lastSeen"'
    " FROM user_actions a JOIN clients c USING (client_no) WHERE a.user_id = :id"
    " GROUP BY c.client_no ORDER BY max(a.created_at) DESC LIMIT 1000",
    "appeals": 'SELECT action_id AS "actionId", message, created_at AS "createdAt" FROM appeals'
    " WHERE user_id = :id ORDER BY created_at DESC LIMIT 1000",
    "bans": 'SELECT reason, from_at AS "from", until_at AS "until", ended_at AS "endedAt"'
    " FROM bans WHERE user_id = :id ORDER BY ban_no DESC LIMIT 1000",
    "roles": 'SELECT role, granted_at AS "grantedAt" FROM granted_roles'
    " WHERE user_id = :id ORDER BY role",
}


def list_holdings(connection: Connection, *, user_id: UUID) -> dict[str, Any]:
    """Return the lists by the names of their fields."""
    return {name: _list(connection, statement, user_id) for name, statement in _LISTS.items()}


def _list(connection: Connection, statement: str, user_id: UUID) -> Sequence[dict[str, Any]]:
    rows = connection.execute(sql(statement), {"id": user_id}).mappings()
    return [dict(row) for row in rows]
