"""SQL of bans: the rows, and the score row of a player whom one keeps off every board.

A row begins a ban and is changed at its end only; another ban of the player ends it and has a row
of its own. Called by `domain/moderation`, and by `web/access/bans.py`, which knows who is banned.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.moderation.model import Ban, BanReason
from domain.store.postgres.statements import prepared, sql

# A row becomes visible at most this long after its time: no transaction may last longer.
OVERLAP_SECONDS = 60
_BAN = "ban_no, user_id, reason, note, by, from_at, until_at, rankings"


class KnownBan(NamedTuple):
    """What every process knows of a ban, of an ended one too while that is news."""

    ban_no: int
    user_id: UUID
    reason: str
    until_at: datetime | None
    is_ended: bool


class ShownState(NamedTuple):
    """What Redis is to be told of a ban: of which player and rankings, and whether it runs."""

    user_id: UUID
    rankings: Sequence[int]
    ended_at: datetime | None


def lock_player(connection: Connection, *, user_id: UUID) -> bool:
    """Lock the player, and the score, made if there was none; False for an unknown player.

    In this order, as changes of attributes do, and holding the catalog's shared lock.
    """
    connection.execute(
        sql("SELECT 1 FROM users WHERE user_id = :user_id FOR UPDATE"), {"user_id": user_id}
    )
    connection.execute(
        sql(
            "INSERT INTO user_scores (user_id) SELECT user_id FROM users WHERE user_id = :user_id"
            " ON CONFLICT DO NOTHING"
        ),
        {"user_id": user_id},
    )
    locked = connection.execute(
        sql("SELECT 1 FROM user_scores WHERE user_id = :user_id FOR NO KEY UPDATE"),
        {"user_id": user_id},
    )
    return locked.scalar() is not None


def find_running_ban(connection: Connection, *, user_id: UUID) -> Ban | None:
    """Return the player's ban that has not ended, or None."""
    row = connection.execute(
        sql(f"SELECT {_BAN} FROM bans WHERE user_id = :user_id AND ended_at IS NULL"),
        {"user_id": user_id},
    ).one_or_none()
    return _read(row) if row else None


def is_player(connection: Connection, *, user_id: UUID) -> bool:
    """Return whether there is such a player."""
    found = connection.execute(
        sql("SELECT 1 FROM users WHERE user_id = :user_id"), {"user_id": user_id}
    )
    return found.scalar() is not None


def insert_ban(
    connection: Connection,
    *,
    user_id: UUID,
    reason: BanReason,
    note: str,
    by: str,
    until_at: datetime | None,
    rankings: Sequence[int],
) -> Ban:
    """Store a ban that begins now; the player has none that runs."""
    row = connection.execute(
        sql(
            "INSERT INTO bans (user_id, reason, note, by, from_at, until_at, rankings)"
            " VALUES (:user_id, :reason, :note, :by, clock_timestamp(), :until_at,"
            f" CAST(:rankings AS bigint[])) RETURNING {_BAN}"
        ),
        {
            "user_id": user_id,
            "reason": reason.value,
            "note": note,
            "by": by,
            "until_at": until_at,
            "rankings": list(rankings),
        },
    ).one()
    return _read(row)


def close_ban(connection: Connection, *, ban_no: int, rankings: Sequence[int]) -> None:
    """End a ban now; of these rankings Redis is to be told next."""
    connection.execute(
        sql(
            "UPDATE bans SET ended_at = clock_timestamp(), shown_at = NULL,"
            " rankings = CAST(:rankings AS bigint[]) WHERE ban_no = :ban_no AND ended_at IS NULL"
        ),
        {"ban_no": ban_no, "rankings": list(rankings)},
    )


def withhold_score(connection: Connection, *, user_id: UUID) -> None:
    """Take the player, whose score is locked, off the global board."""
    connection.execute(
        sql(
            "UPDATE user_scores SET withheld_seq = coalesce(reached_seq, 0), reached_seq = NULL,"
            " version = version + 1 WHERE user_id = :user_id AND withheld_seq IS NULL"
        ),
        {"user_id": user_id},
    )


def return_score(connection: Connection, *, user_id: UUID) -> None:
    """Put the player, whose score is locked, back on the global board."""
    connection.execute(
        sql(
            "UPDATE user_scores SET reached_seq = nullif(withheld_seq, 0), withheld_seq = NULL,"
            " version = version + 1 WHERE user_id = :user_id AND withheld_seq IS NOT NULL"
        ),
        {"user_id": user_id},
    )


def list_due_bans(connection: Connection, *, but: Collection[int], limit: int) -> list[Ban]:
    """Return bans whose time is over by PostgreSQL's clock, the longest over first, but some."""
    rows = connection.execute(
        sql(
            f"SELECT {_BAN} FROM bans WHERE ended_at IS NULL AND until_at <= now()"
            " AND ban_no <> ALL(CAST(:but AS bigint[])) ORDER BY until_at, ban_no LIMIT :limit"
        ),
        {"but": list(but), "limit": limit},
    )
    return list(map(_read, rows))


def list_bans_to_show(
    connection: Connection, *, older_than_seconds: float, limit: int
) -> list[int]:
    """Return bans of whose begin or end Redis may not have been told, though it is so long ago."""
    rows = connection.execute(
        sql(
            "SELECT ban_no FROM bans WHERE shown_at IS NULL"
            " AND coalesce(ended_at, from_at) < now() - make_interval(secs => :seconds)"
            " ORDER BY ban_no LIMIT :limit"
        ),
        {"seconds": older_than_seconds, "limit": limit},
    )
    return list(rows.scalars())


def find_shown_state(connection: Connection, *, ban_no: int) -> ShownState | None:
    """Return what Redis is to be told of a ban."""
    row = connection.execute(
        sql("SELECT user_id, rankings, ended_at FROM bans WHERE ban_no = :ban_no"),
        {"ban_no": ban_no},
    ).one_or_none()
    return ShownState(*row) if row else None


def lock_withheld(connection: Connection, *, user_id: UUID) -> bool:
    """Lock the player's score, and return whether it is withheld."""
    withheld = connection.execute(
        sql(
            "SELECT withheld_seq IS NOT NULL FROM user_scores"
            " WHERE user_id = :user_id FOR NO KEY UPDATE"
        ),
        {"user_id": user_id},
    )
    return bool(withheld.scalar())


def mark_shown(connection: Connection, *, ban_no: int, state: ShownState) -> None:
    """Record that Redis was told of this state of the ban, if it is still that."""
    connection.execute(
        sql(
            "UPDATE bans SET shown_at = clock_timestamp() WHERE ban_no = :ban_no"
            " AND ended_at IS NOT DISTINCT FROM CAST(:ended_at AS timestamptz)"
        ),
        {"ban_no": ban_no, "ended_at": state.ended_at},
    )


_KNOWN = "SELECT ban_no, user_id, reason, until_at, ended_at IS NOT NULL FROM bans"
_RUNNING = prepared(f"{_KNOWN} WHERE ended_at IS NULL ORDER BY ban_no")
_RECENT = prepared(
    f"{_KNOWN} WHERE from_at > now() - interval '{OVERLAP_SECONDS} seconds'"
    f" OR ended_at > now() - interval '{OVERLAP_SECONDS} seconds' ORDER BY ban_no"
)


def list_known_bans(connection: Connection, *, only_recent: bool) -> list[KnownBan]:
    """Return all bans that run, or those that began or ended in the last OVERLAP_SECONDS."""
    return [KnownBan(*row) for row in connection.execute(_RECENT if only_recent else _RUNNING)]


def _read(row: Any) -> Ban:
    number, user_id, reason, note, by, from_at, until_at, rankings = row
    return Ban(number, user_id, BanReason(reason), note, by, from_at, until_at, tuple(rankings))
