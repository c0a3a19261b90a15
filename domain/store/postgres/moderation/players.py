"""SQL of what moderators see of players: found by name, and one with all that is known."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql

# No name has it: it is no character.
_BEYOND = "\U0010ffff"
# So many others are counted at most.
MOST_OTHERS = 1000
# The clients of so many actions of the player, the last ones.
LAST_ACTIONS = 200
MOST_CLIENTS = 50


@dataclass(frozen=True, slots=True)
class PlayerRow:
    """A player, the ban that runs, if any, and the open case, if any."""

    user_id: UUID
    username: str
    username_key: str
    created_at: datetime
    score: int
    total_actions: int
    is_banned: bool
    ban_reason: str | None
    banned_from: datetime | None
    banned_until: datetime | None
    case_id: UUID | None


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A client of a player's last actions, and how many other players were seen there."""

    device: UUID
    names_device: bool
    address: UUID
    country: str
    is_hosting: bool
    actions: int
    last_used_at: datetime
    others_on_device: int
    others_on_address: int


_PLAYER = """
SELECT f.user_id, f.username, f.username_key, f.created_at, coalesce(s.score, 0) AS score,
    coalesce(s.total_actions, 0) AS total_actions, b.ban_no IS NOT NULL AS is_banned, b.reason,
    b.from_at, b.until_at, c.case_id
FROM found f
LEFT JOIN user_scores s ON s.user_id = f.user_id
LEFT JOIN bans b ON b.user_id = f.user_id AND b.ended_at IS NULL
LEFT JOIN moderation_cases c ON c.user_id = f.user_id AND c.state = 'open'
"""
# By bytes, as the index is, whatever the database's collation is.
_BY_NAME = f"""
WITH found AS MATERIALIZED (
    SELECT user_id, username, username_key, created_at FROM (
        SELECT * FROM (
            SELECT user_id, username, username_key, created_at FROM users
            WHERE username_key ~>=~ :prefix AND username_key ~<~ :beyond AND username_key ~>~ :after
            ORDER BY username_key USING ~<~ LIMIT :limit
        ) beginning
        UNION
        SELECT user_id, username, username_key, created_at FROM users
        WHERE username_skeleton = :skeleton AND username_key ~>~ :after
    ) both_kinds
    ORDER BY username_key USING ~<~ LIMIT :limit
)
{_PLAYER}
ORDER BY f.username_key USING ~<~
"""
_ONE = f"""
WITH found AS MATERIALIZED (
    SELECT user_id, username, username_key, created_at FROM users WHERE user_id = :user_id
)
{_PLAYER}
"""


def _count_others(subject: str) -> str:
    return (
        "(SELECT count(*) FROM (SELECT 1 FROM client_sightings o"
        f" WHERE o.subject = {subject} AND o.user_id <> :user_id LIMIT {MOST_OTHERS}) others)"
    )


_CLIENTS = f"""
WITH last AS MATERIALIZED (
    SELECT client_no, created_at FROM user_actions
    WHERE user_id = :user_id ORDER BY action_no DESC LIMIT {LAST_ACTIONS}
), used AS MATERIALIZED (
    SELECT client_no, count(*) AS actions, max(created_at) AS last_used_at FROM last
    WHERE client_no IS NOT NULL GROUP BY client_no
    ORDER BY max(created_at) DESC LIMIT {MOST_CLIENTS}
)
SELECT c.device, c.names_device, c.address, c.country, c.is_hosting, u.actions, u.last_used_at,
    {_count_others("c.device")} AS others_on_device,
    {_count_others("c.address")} AS others_on_address
FROM used u JOIN clients c USING (client_no)
ORDER BY u.last_used_at DESC, client_no
"""


def list_players(
    connection: Connection, *, prefix: str, skeleton: str, after: str, limit: int
) -> list[PlayerRow]:
    """Return players whose key begins so, and the one whose name looks so, in order of the key."""
    rows = connection.execute(
        sql(_BY_NAME),
        {
            "prefix": prefix,
            "beyond": prefix + _BEYOND,
            "skeleton": skeleton,
            "after": after,
            "limit": limit,
        },
    )
    return [PlayerRow(*row) for row in rows]


def find_player(connection: Connection, *, user_id: UUID) -> PlayerRow | None:
    """Return one player, or None."""
    row = connection.execute(sql(_ONE), {"user_id": user_id}).one_or_none()
    return PlayerRow(*row) if row else None


def list_clients(connection: Connection, *, user_id: UUID) -> list[ClientRow]:
    """Return the clients of the player's last actions, the one used last first."""
    rows = connection.execute(sql(_CLIENTS), {"user_id": user_id})
    return [ClientRow(*row) for row in rows]
