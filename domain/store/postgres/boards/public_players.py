"""SQL of what everybody may read of a player; called by `domain/boards/public.py`.

A player's actions are found by their primary key alone: nothing is kept for it beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql

# How many actions before a place are looked at for one that was applied.
PATIENCE = 20

_FIND = """
SELECT u.username,
    u.password_hash IS NULL AND u.claimed_name IS NULL AND u.renamed_at IS NOT NULL AS is_nobody_s,
    EXISTS (
        SELECT FROM bans b WHERE b.user_id = u.user_id AND b.ended_at IS NULL
    ) AS is_banned
FROM users u WHERE u.user_id = :user_id
"""
_LAST = """
SELECT created_at, action_type, score_delta, status = 'applied' AS is_applied, new_score
FROM user_actions WHERE user_id = :user_id ORDER BY action_no DESC LIMIT :limit
"""
_SPREAD = """
SELECT DISTINCT ON (found.action_no) found.created_at, found.new_score
FROM (
    SELECT
        (SELECT action_no FROM user_actions WHERE user_id = :user_id
            ORDER BY action_no LIMIT 1) AS first_no,
        (SELECT action_no FROM user_actions WHERE user_id = :user_id
            ORDER BY action_no DESC LIMIT 1) AS last_no
) ends
CROSS JOIN generate_series(0, :points - 1) AS place
CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT action_no, created_at, new_score, status FROM user_actions
        WHERE user_id = :user_id
            AND action_no <= first_no + (last_no - first_no) * place / (:points - 1)
        ORDER BY action_no DESC LIMIT :patience
    ) before WHERE status = 'applied' ORDER BY action_no DESC LIMIT 1
) found
ORDER BY found.action_no
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """A name, whether it may be that of an erased player, and whether the player is banned."""

    username: str
    is_nobody_s: bool
    is_banned: bool


@dataclass(frozen=True, slots=True)
class LastAction:
    """An action that is final; `new_score` is the score with it, if it was applied."""

    accepted_at: datetime
    action_type: str | None
    score: int
    is_applied: bool
    new_score: int | None


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """The score with an action that was applied."""

    at: datetime
    score: int


def find_identity(connection: Connection, *, user_id: UUID) -> Identity | None:
    """Return who the player is, or None if there is no such user."""
    row = connection.execute(sql(_FIND), {"user_id": user_id}).one_or_none()
    return Identity(*row) if row else None


def list_last_actions(connection: Connection, *, user_id: UUID, limit: int) -> Sequence[LastAction]:
    """Return the player's last actions that are final and not archived, the newest first."""
    rows = connection.execute(sql(_LAST), {"user_id": user_id, "limit": limit})
    return [LastAction(*row) for row in rows]


def list_spread_points(
    connection: Connection, *, user_id: UUID, points: int
) -> Sequence[ScorePoint]:
    """Return the score at up to so many applied actions, from the first to the last kept one.

    They are spread evenly over the numbers of actions, which everybody's share: where many played,
    they are denser. At least two are asked for.
    """
    values = {"user_id": user_id, "points": points, "patience": PATIENCE}
    return [ScorePoint(*row) for row in connection.execute(sql(_SPREAD), values)]
