"""SQL that moves a player's rows from the rankings of one segment to those of another.

Called by `domain/rankings/moving.py`, in a transaction that has locked the player's score.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql


class OpenRanking(NamedTuple):
    """A ranking whose period is not over, and the bounds of the period."""

    number: int
    version_no: int
    period_key: str
    start: datetime | None
    end: datetime | None


class MovedRow(NamedTuple):
    """A row under its new version: its key in hex, its time in ms since 1970."""

    source: int
    target: int
    member: str
    version: int
    updated_ms: int


def lock_player_score(connection: Connection, *, user_id: UUID) -> None:
    """Lock the player's score, if there is one, as whoever writes the player's rows does."""
    connection.execute(
        sql("SELECT 1 FROM user_scores WHERE user_id = :user_id FOR NO KEY UPDATE"),
        {"user_id": user_id},
    )


def list_open_rankings(
    connection: Connection,
    *,
    version_nos: Sequence[int],
    segment: str,
    user_id: UUID,
    at: datetime,
) -> list[OpenRanking]:
    """Return the rankings of this segment that are not over then and in which the player is."""
    rows = connection.execute(
        sql(
            "SELECT n.ranking_no, n.version_no, n.period_key, n.period_start, n.period_end"
            " FROM rankings n JOIN ranking_rows r ON r.ranking_no = n.ranking_no"
            " WHERE n.version_no = ANY(CAST(:versions AS bigint[])) AND n.segment = :segment"
            " AND n.revision = 0 AND r.user_id = :user_id"
            " AND (n.period_end IS NULL OR n.period_end > :at)"
            " ORDER BY n.ranking_no"
        ),
        {"versions": list(version_nos), "segment": segment, "user_id": user_id, "at": at},
    )
    return [OpenRanking(*row) for row in rows]


def move_rows(
    connection: Connection, *, user_id: UUID, targets: Mapping[int, int]
) -> list[MovedRow]:
    """Move the player's row of each ranking to its target, with its buckets and a new version."""
    parameters = {
        "user_id": user_id,
        "sources": list(targets),
        "targets": list(targets.values()),
    }
    pairs = "unnest(CAST(:sources AS bigint[]), CAST(:targets AS bigint[])) AS k(source, target)"
    connection.execute(
        sql(
            f"UPDATE ranking_buckets b SET ranking_no = k.target FROM {pairs}"
            " WHERE b.ranking_no = k.source AND b.user_id = :user_id"
        ),
        parameters,
    )
    rows = connection.execute(
        sql(
            "UPDATE ranking_rows r SET ranking_no = k.target,"
            f" version = nextval('ranking_version_seq') FROM {pairs}"
            " WHERE r.ranking_no = k.source AND r.user_id = :user_id"
            " RETURNING k.source, k.target, encode(r.sort_key, 'hex'), r.version,"
            " CAST(floor(extract(epoch FROM r.last_updated) * 1000) AS bigint)"
        ),
        parameters,
    )
    return [MovedRow(*row) for row in rows]
