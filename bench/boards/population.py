"""Rows of boards made by SQL of the players' scores: no action is behind them."""

from datetime import datetime

import psycopg2.extensions

from domain.store.postgres.advisory_locks import NAMESPACE, AdvisoryLock

# The sort key is that of `domain.rankings.folding` for a score, the largest first.
_ROWS = """
WITH made AS (
    INSERT INTO rankings (version_no, period_key, period_start, period_end, segment)
    VALUES (%(version)s, %(period)s, %(start)s, %(end)s, '') RETURNING ranking_no
)
INSERT INTO ranking_rows (ranking_no, user_id, value, reached_seq, is_moved, counted, version,
    sort_key, last_updated)
SELECT ranking_no, user_id, score, reached_seq, true, 1, nextval('ranking_version_seq'),
    int8send(9223372036854775807 - score) || int8send(reached_seq), last_updated
FROM made, user_scores WHERE reached_seq %% %(parts)s = %(part)s
"""
_LOCK = f"SELECT pg_advisory_xact_lock({NAMESPACE}, {AdvisoryLock.CATALOG.value})"
_REVISE = "UPDATE board_catalog SET revision = revision + 1"
_BOUND = """
UPDATE board_versions
SET definition = jsonb_set(definition, ARRAY['period', %(bound)s], to_jsonb(CAST(%(at)s AS text)))
WHERE version_no = %(version)s
"""
_END = "UPDATE rankings SET period_end = %(at)s WHERE version_no = %(version)s"


def insert_rows(
    connection: psycopg2.extensions.connection,
    *,
    version: int,
    period: str = "all",
    bounds: tuple[datetime | None, datetime | None] = (None, None),
    part: int = 0,
    parts: int = 1,
) -> None:
    """Give each player, or one of so many `parts` of them, the score on this version's board.

    The connection has autocommit.
    """
    start, end = bounds
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS,
            {
                "version": version,
                "period": period,
                "start": start,
                "end": end,
                "part": part,
                "parts": parts,
            },
        )
        cursor.execute(_REVISE)


def turn_season(
    connection: psycopg2.extensions.connection, *, ending: int, beginning: int, at: datetime
) -> None:
    """Let one version's season end at a moment, and another's begin then."""
    text = at.isoformat()
    with connection, connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_BOUND, {"version": ending, "bound": "end", "at": text})
        cursor.execute(_BOUND, {"version": beginning, "bound": "start", "at": text})
        cursor.execute(_END, {"version": ending, "at": at})
        cursor.execute(_REVISE)
