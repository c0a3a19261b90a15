"""SQL of players' appeals against what was decided of their actions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class AppealRow:
    """An appeal: against which action, what the player wrote, and what became of it."""

    action_id: UUID
    message: str
    created_at: datetime
    state: str
    decided_at: datetime | None


_COLUMNS = "action_id, message, created_at, state, decided_at"


def insert_appeal(
    connection: Connection, *, action_id: UUID, user_id: UUID, message: str
) -> datetime:
    """Insert an open appeal and return its time.

    The caller has locked the player's case, and there is no appeal against the action.
    """
    created_at: datetime = connection.execute(
        sql(
            "INSERT INTO appeals (action_id, user_id, message, created_at)"
            " VALUES (:action_id, :user_id, :message, clock_timestamp()) RETURNING created_at"
        ),
        {"action_id": action_id, "user_id": user_id, "message": message},
    ).scalar_one()
    return created_at


def find_appeal(connection: Connection, *, action_id: UUID) -> AppealRow | None:
    """Return the appeal against an action, or None."""
    row = connection.execute(
        sql(f"SELECT {_COLUMNS} FROM appeals WHERE action_id = :action_id"),
        {"action_id": action_id},
    ).one_or_none()
    return AppealRow(*row) if row else None


def list_appeals(connection: Connection, *, user_id: UUID, limit: int) -> list[AppealRow]:
    """Return the player's appeals, the open ones first, then by time, the newest first."""
    rows = connection.execute(
        sql(
            f"SELECT {_COLUMNS} FROM appeals WHERE user_id = :user_id"
            " ORDER BY state <> 'open', created_at DESC, action_id LIMIT :limit"
        ),
        {"user_id": user_id, "limit": limit},
    )
    return [AppealRow(*row) for row in rows]


def has_open_appeals(connection: Connection, *, user_id: UUID) -> bool:
    """Return whether an appeal of the player waits for an answer."""
    found: bool = connection.execute(
        sql("SELECT EXISTS (SELECT 1 FROM appeals WHERE user_id = :user_id AND state = 'open')"),
        {"user_id": user_id},
    ).scalar_one()
    return found


def decide_appeals(
    connection: Connection,
    *,
    state: str,
    action_id: UUID | None = None,
    user_id: UUID | None = None,
) -> None:
    """Give the open appeals against this action, or all of this player, their final state."""
    connection.execute(
        sql(
            "UPDATE appeals SET state = :state, decided_at = clock_timestamp()"
            " WHERE state = 'open' AND (action_id = CAST(:action_id AS uuid)"
            "   OR user_id = CAST(:user_id AS uuid))"
        ),
        {"state": state, "action_id": action_id, "user_id": user_id},
    )
