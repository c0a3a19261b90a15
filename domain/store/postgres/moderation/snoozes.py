"""SQL of snoozes: checks that do not count for one player until a time."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection

from domain.fraud.signals import read_snoozed
from domain.store.postgres.statements import sql

# Without a profile before, it is the empty one.
_SNOOZE = """
INSERT INTO player_profiles (user_id, profile, snoozed)
VALUES (:user_id, '', jsonb_build_object(CAST(:name AS text), CAST(:until AS bigint)))
ON CONFLICT (user_id) DO UPDATE
SET snoozed = coalesce(player_profiles.snoozed, '{}') || excluded.snoozed
"""
_END = """
UPDATE player_profiles SET snoozed = nullif(snoozed - CAST(:name AS text), '{}')
WHERE user_id = :user_id AND jsonb_exists(snoozed, :name)
"""


def write_snooze(connection: Connection, *, user_id: UUID, check: str, until_us: int) -> None:
    """Snooze a check for a stored player until a time, in microseconds since 1970."""
    connection.execute(sql(_SNOOZE), {"user_id": user_id, "name": check, "until": until_us})


def delete_snooze(connection: Connection, *, user_id: UUID, check: str) -> bool:
    """End a snooze; return False when there is none."""
    ended = connection.execute(sql(_END), {"user_id": user_id, "name": check})
    return ended.rowcount == 1


def read_snoozes(connection: Connection, *, user_id: UUID) -> Mapping[str, int]:
    """Return by check until when it is snoozed, in microseconds since 1970; also what is over."""
    text: str | None = connection.execute(
        sql("SELECT CAST(snoozed AS text) FROM player_profiles WHERE user_id = :user_id"),
        {"user_id": user_id},
    ).scalar()
    return read_snoozed(text) if text else {}
