"""Standings of boards in answers, as JSON fields; called by the views of boards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.rankings.definition_json import encode_definition
from domain.rankings.reads.finding import FoundRanking
from domain.rankings.reads.named_periods import current_period, next_reset
from domain.rankings.reads.reader import RankingNeighborhood
from domain.rankings.reads.standings import RankingStanding
from web.boards.directory import ReadableBoard


def board_fields(board: ReadableBoard, now: datetime) -> dict[str, Any]:
    """Return what a board is, and its period of now."""
    definition = board.definition
    period = current_period(definition, now)
    return {
        "board": definition.id.slug,
        "boardVersion": board.shown.version,
        "state": board.state,
        "definition": encode_definition(definition),
        "period": period.key,
        "periodStart": period.start,
        "periodEnd": period.end,
        "nextReset": next_reset(definition, now),
    }


def period_fields(board: ReadableBoard, found: FoundRanking, now: datetime) -> dict[str, Any]:
    """Return which period and segment of a board an answer is of."""
    return {
        "board": board.definition.id.slug,
        "boardVersion": found.version,
        "period": found.period.key,
        "periodStart": found.period.start,
        "periodEnd": found.period.end,
        "nextReset": next_reset(board.definition, now),
        "segment": found.segment or None,
    }


def ranking_fields(
    board: ReadableBoard, found: FoundRanking, total: int, now: datetime
) -> dict[str, Any]:
    """Return which ranking an answer is of, and how many players it has."""
    return {
        **period_fields(board, found, now),
        "revision": found.revision,
        "totalUsers": total,
    }


def list_fields(standings: Sequence[RankingStanding]) -> list[dict[str, Any]]:
    """Return the rows."""
    return [standing_fields(standing) for standing in standings]


def standing_fields(standing: RankingStanding) -> dict[str, Any]:
    """Return one row."""
    return {
        "rank": standing.rank,
        "userId": standing.user_id,
        "username": standing.username,
        "score": standing.score,
        "columns": standing.columns,
        "lastUpdate": standing.last_updated,
    }


def place_fields(found: RankingNeighborhood) -> dict[str, Any]:
    """Return what a player's own standing tells beside itself; all null without one."""
    own, total = found.own, found.total
    return {
        "percentile": round(100 * (total - own.rank) / total, 2) if own and total else None,
        "gapToNext": found.gap,
        "rankAtDayStart": found.rank_at_day_start,
    }
