"""SQL that forgets from where a player came, for the end of an account."""

from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql

# What is kept of one player. A row of `clients` is of nobody, and its hashes tell nothing.
_OF_PLAYER = ("client_sightings", "play_sessions", "player_profiles")


def forget_client_data(connection: Connection, *, user_id: UUID) -> None:
    """Delete what this player was seen with, its play sessions and its profile."""
    for table in _OF_PLAYER:
        connection.execute(
            sql(f"DELETE FROM {table} WHERE user_id = :user_id"), {"user_id": user_id}
        )
