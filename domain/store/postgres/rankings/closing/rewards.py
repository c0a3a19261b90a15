"""SQL of rewards: whether a seal grants them, their rows, and those of a player."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.closing.winners import GrantedReward, Winner
from domain.store.postgres.rankings.closing.seals import BegunRanking
from domain.store.postgres.statements import sql

# A later version of the board computes closed periods too. Those of before its time are its own to
# reward only when the version before was to do it and was retired before it did. Versions that are
# split otherwise share no segment: then the whole period is one's or the other's.
_GRANTS = """
WITH own AS (
    SELECT r.*, v.board_id, v.live_at, v.definition -> 'segment' AS split
    FROM rankings r JOIN board_versions v USING (version_no) WHERE r.ranking_no = :ranking_no
), other AS (
    SELECT r.ranking_no, v.live_at, r.period_end FROM own
    JOIN board_versions v ON v.board_id = own.board_id AND v.version_no <> own.version_no
    JOIN rankings r ON r.version_no = v.version_no AND r.period_key = own.period_key
        AND (r.segment = own.segment OR v.definition -> 'segment' IS DISTINCT FROM own.split)
)
SELECT NOT EXISTS (SELECT 1 FROM other JOIN ranking_seals USING (ranking_no))
    AND (own.live_at < own.period_end
        OR EXISTS (SELECT 1 FROM other
            WHERE other.period_end = own.period_end AND other.live_at < own.period_end))
FROM own
"""
_INSERT = """
INSERT INTO rewards (ranking_no, board_id, period_key, segment, user_id, rank, reward, granted_at)
SELECT :ranking_no, :board, :period_key, :segment, won.user_id, won.rank, won.reward, :granted_at
FROM unnest(CAST(:user_ids AS uuid[]), CAST(:ranks AS bigint[]), CAST(:rewards AS text[]))
    WITH ORDINALITY AS won(user_id, rank, reward, place)
ORDER BY won.place
ON CONFLICT (ranking_no, user_id, reward) DO NOTHING
"""


def is_to_grant(connection: Connection, *, ranking_no: int) -> bool:
    """Return whether the first seal of this ranking grants rewards; see docs/boards.md."""
    return bool(connection.execute(sql(_GRANTS), {"ranking_no": ranking_no}).scalar_one())


def insert_rewards(
    connection: Connection,
    *,
    begun: BegunRanking,
    winners: Sequence[Winner],
    granted_at: datetime,
) -> None:
    """Grant these rewards, each once."""
    connection.execute(
        sql(_INSERT),
        {
            "ranking_no": begun.ranking_no,
            "board": begun.board,
            "period_key": begun.period_key,
            "segment": begun.segment,
            "user_ids": [winner.user_id for winner in winners],
            "ranks": [winner.rank for winner in winners],
            "rewards": [winner.reward for winner in winners],
            "granted_at": granted_at,
        },
    )


def list_rewards_of(
    connection: Connection, *, user_id: UUID, before_no: int | None, limit: int
) -> list[GrantedReward]:
    """Return a page of a player's rewards, the last one first."""
    rows = connection.execute(
        sql(
            "SELECT reward_no, board_id AS board, period_key, segment, rank, reward, granted_at"
            " FROM rewards WHERE user_id = :user_id"
            " AND (CAST(:before AS bigint) IS NULL OR reward_no < :before)"
            " ORDER BY reward_no DESC LIMIT :limit"
        ),
        {"user_id": user_id, "before": before_no, "limit": limit},
    )
    return [GrantedReward(**row._mapping) for row in rows]
