"""Bans in tests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from domain.moderation.banning import ban_user
from domain.moderation.model import Ban, BanReason
from domain.moderation.unbanning import end_ban
from domain.store.store import Connection, Store

NO_ARCHIVES = Path("/nonexistent")


def ban(
    store: Store, user_id: UUID, *, until: datetime | None = None, note: str = "plays too well"
) -> Ban:
    """Ban a player for cheating, for good by default."""
    return ban_user(
        store,
        user_id=user_id,
        until=until,
        reason=BanReason.CHEATING,
        note=note,
        by="moderator",
        now=datetime.now(UTC),
    )


def unban(store: Store, user_id: UUID) -> None:
    """End a player's ban."""
    end_ban(
        store,
        user_id=user_id,
        reason="has played well",
        by="moderator",
        archive_path=NO_ARCHIVES,
        now=datetime.now(UTC),
    )


def list_banned(connection: Connection) -> list[str]:
    """Return who is banned."""
    banned = "SELECT CAST(user_id AS text) FROM bans WHERE ended_at IS NULL ORDER BY 1"
    return list(connection.execute(text(banned)).scalars())


def let_time_pass(store: Store, user_id: UUID) -> None:
    """Let the time of the player's ban be over."""
    with store.write() as connection:
        connection.execute(
            text("UPDATE bans SET until_at = :at WHERE user_id = :user_id AND ended_at IS NULL"),
            {"at": datetime.now(UTC) - timedelta(seconds=1), "user_id": user_id},
        )
