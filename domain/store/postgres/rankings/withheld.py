"""SQL of the rows that a ban takes off the boards; see `domain/rankings/ledger/withholding.py`.

The caller's transaction holds the catalog's shared lock and the player's score.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.model import RankingKey
from domain.store.postgres.statements import sql


class TakenRanking(NamedTuple):
    """A ranking that a ban has taken rows of, and the start of its period."""

    key: RankingKey
    period_start: datetime | None


# Ranking by ranking, by the primary key: an index by player would cost each row that is written.
# OFFSET 0 leaves no other way.
_FILLED = """
SELECT n.ranking_no FROM rankings n
CROSS JOIN LATERAL (SELECT 1 FROM ranking_rows r WHERE r.ranking_no = n.ranking_no
    AND r.user_id = :user_id OFFSET 0) r
WHERE n.version_no = ANY(CAST(:versions AS bigint[])) AND n.removed_at IS NULL
ORDER BY n.ranking_no
"""


def list_filled_rankings(
    connection: Connection, *, user_id: UUID, version_nos: Sequence[int]
) -> list[int]:
    """Return the rankings of these versions in which the player has a row."""
    rows = connection.execute(sql(_FILLED), {"user_id": user_id, "versions": list(version_nos)})
    return list(rows.scalars())


def delete_player_rows(
    connection: Connection, *, user_id: UUID, ranking_nos: Sequence[int]
) -> None:
    """Delete the player's rows of these rankings."""
    connection.execute(
        sql(
            "DELETE FROM ranking_rows WHERE user_id = :user_id"
            " AND ranking_no = ANY(CAST(:numbers AS bigint[]))"
        ),
        {"user_id": user_id, "numbers": list(ranking_nos)},
    )


def delete_player_buckets(
    connection: Connection, *, user_id: UUID, version_nos: Sequence[int]
) -> None:
    """Delete the player's buckets in all rankings of these versions, which are rolling."""
    if not version_nos:
        return
    connection.execute(
        sql(
            "DELETE FROM ranking_buckets b USING rankings n WHERE n.ranking_no = b.ranking_no"
            " AND n.version_no = ANY(CAST(:versions AS bigint[])) AND b.user_id = :user_id"
        ),
        {"user_id": user_id, "versions": list(version_nos)},
    )


def list_taken_rankings(
    connection: Connection, *, ranking_nos: Sequence[int]
) -> list[TakenRanking]:
    """Return those of these rankings that are still there with their rows."""
    rows = connection.execute(
        sql(
            "SELECT version_no, period_key, segment, period_start FROM rankings"
            " WHERE ranking_no = ANY(CAST(:numbers AS bigint[])) AND removed_at IS NULL"
        ),
        {"numbers": list(ranking_nos)},
    )
    return [TakenRanking(RankingKey(*key), start) for *key, start in rows]
