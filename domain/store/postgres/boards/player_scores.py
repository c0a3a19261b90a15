"""SQL of one player's score and statistics; called by `domain/boards/players.py`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class PlayerRow:
    """A player's row in SQL; `version` orders the states of one player.

    The times are those at which applied actions were accepted.
    """

    user_id: UUID
    username: str
    score: int
    version: int
    total_actions: int
    first_action: datetime | None
    last_action: datetime | None


def find_player(connection: Connection, *, user_id: UUID) -> PlayerRow | None:
    """Return the player, or None if there is no such user."""
    row = connection.execute(
        sql(
            "SELECT u.user_id, u.username, coalesce(s.score, 0), coalesce(s.version, 0),"
            " coalesce(s.total_actions, 0), s.first_action, s.last_action FROM users u"
            " LEFT JOIN user_scores s ON s.user_id = u.user_id WHERE u.user_id = :user_id"
        ),
        {"user_id": user_id},
    ).one_or_none()
    return PlayerRow(*row) if row else None
