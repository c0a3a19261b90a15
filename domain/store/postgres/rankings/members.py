"""SQL of who has joined a board; called by `domain/rankings/joining.py`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.boards.model import BoardId
from domain.store.postgres.statements import sql


def find_joined_at(connection: Connection, *, board: BoardId, user_id: UUID) -> datetime | None:
    """Return when the player joined the board, or None."""
    joined_at: datetime | None = connection.execute(
        sql("SELECT joined_at FROM board_members WHERE board_id = :board AND user_id = :user_id"),
        {"board": board.slug, "user_id": user_id},
    ).scalar_one_or_none()
    return joined_at


def insert_member(
    connection: Connection, *, board: BoardId, user_id: UUID, joined_at: datetime
) -> None:
    """Store that the player has joined the board."""
    connection.execute(
        sql(
            "INSERT INTO board_members (board_id, user_id, joined_at)"
            " VALUES (:board, :user_id, :joined_at)"
        ),
        {"board": board.slug, "user_id": user_id, "joined_at": joined_at},
    )
