"""SQL that finds damaged actions: lost, misplaced, stuck or half applied.

Called by `domain/verification`. Every query returns rows `(id, what is wrong)`, oldest first, at
most `limit`.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from domain.fraud.model import Verdict
from domain.store.postgres.stages import BATCH_IS_FINISHED, IS_UNFINISHED

_STUCK = f"""
SELECT a.action_id, CASE
    WHEN b.stage IS NULL THEN 'is pending and its batch is gone'
    WHEN {BATCH_IS_FINISHED} THEN 'is pending and its batch is ' || b.stage
    ELSE 'has been pending for ' || round(extract(epoch FROM clock_timestamp() - b.updated_at))
        || ' s, its batch is ' || b.stage END
FROM user_actions a LEFT JOIN action_batches b ON b.batch_id = a.batch_id
WHERE a.status = 'pending' AND (b.stage IS NULL OR {BATCH_IS_FINISHED}
    OR a.created_at < clock_timestamp() - make_interval(secs => :seconds)
    AND b.updated_at < clock_timestamp() - make_interval(secs => :seconds))
ORDER BY a.action_no LIMIT :limit
"""

_UNFINISHED = f"""
SELECT batch_id, 'stands at ' || stage || ' for '
    || round(extract(epoch FROM clock_timestamp() - updated_at)) || ' s'
FROM action_batches WHERE {IS_UNFINISHED}
AND updated_at < clock_timestamp() - make_interval(secs => :seconds)
ORDER BY created_at LIMIT :limit
"""

_WITHOUT_ID = """
SELECT a.action_id, CASE WHEN i.action_id IS NULL THEN 'is stored without holding its id'
    ELSE 'is stored beside the row that its id stands for' END
FROM user_actions a LEFT JOIN action_ids i ON i.action_id = a.action_id
WHERE i.action_id IS NULL OR i.action_no <> a.action_no OR i.user_id <> a.user_id
    OR i.created_at <> a.created_at
ORDER BY a.action_no LIMIT :limit
"""

_LOST = """
SELECT i.action_id, 'was acknowledged and its row is gone'
FROM action_ids i
WHERE NOT EXISTS (SELECT 1 FROM user_actions a
    WHERE a.action_id = i.action_id AND a.created_at = i.created_at)
AND NOT EXISTS (SELECT 1 FROM archived_partitions p
    WHERE i.created_at >= p.from_at AND i.created_at < p.until_at)
ORDER BY i.action_no LIMIT :limit
"""

_HALF_APPLIED = f"""
SELECT a.action_id, CASE
    WHEN a.status <> 'applied' THEN 'is ' || a.status || ' and has an effect on the score'
    WHEN a.new_score IS DISTINCT FROM a.previous_score + a.score_delta
        THEN 'is applied and its scores do not differ by its own'
    WHEN c.verdict IS NULL THEN 'is applied and was never screened'
    ELSE 'is applied and its verdict is ' || c.verdict END
FROM user_actions a LEFT JOIN action_checks c
    ON c.action_id = a.action_id AND c.created_at = a.created_at
WHERE a.status = 'applied' AND (c.verdict IS DISTINCT FROM '{Verdict.PASS}'
        OR a.new_score IS DISTINCT FROM a.previous_score + a.score_delta)
    OR a.status IN ('pending', 'rejected', 'quarantined', 'failed') AND a.new_score IS NOT NULL
ORDER BY a.action_no LIMIT :limit
"""

_MISCOUNTED_ARCHIVES = """
SELECT p.partition_name, 'was archived with ' || p.row_count || ' actions and '
    || (SELECT count(*) FROM action_ids i
        WHERE i.created_at >= p.from_at AND i.created_at < p.until_at) || ' ids are of its time'
FROM archived_partitions p
WHERE p.row_count <> (SELECT count(*) FROM action_ids i
    WHERE i.created_at >= p.from_at AND i.created_at < p.until_at)
ORDER BY p.from_at LIMIT :limit
"""


def allow_long_queries(connection: Connection) -> None:
    """Let the statements of this transaction take minutes: verification reads everything."""
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))


def count_unfinished_batches(connection: Connection) -> int:
    """Return how many batches are not finished."""
    count: int = connection.execute(
        text(f"SELECT count(*) FROM action_batches WHERE {IS_UNFINISHED}")
    ).scalar_one()
    return count


def list_stuck_actions(
    connection: Connection, *, older_than_seconds: float, limit: int
) -> Iterator[tuple[UUID, str]]:
    """Yield pending actions that are too old, or whose batch is finished or gone."""
    yield from _run(connection, _STUCK, seconds=older_than_seconds, limit=limit)


def list_stalled_batches(
    connection: Connection, *, older_than_seconds: float, limit: int
) -> Iterator[tuple[UUID, str]]:
    """Yield unfinished batches that have not moved for `older_than_seconds`."""
    yield from _run(connection, _UNFINISHED, seconds=older_than_seconds, limit=limit)


def list_misplaced_actions(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield rows that do not match the row of their id in action_ids."""
    yield from _run(connection, _WITHOUT_ID, limit=limit)


def list_lost_actions(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield acknowledged ids that have no row and are not archived."""
    yield from _run(connection, _LOST, limit=limit)


def list_half_applied_actions(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield actions whose status, verdict and scores contradict each other."""
    yield from _run(connection, _HALF_APPLIED, limit=limit)


def list_miscounted_archives(connection: Connection, *, limit: int) -> Iterator[tuple[str, str]]:
    """Yield archived partitions whose number of actions differs from the ids of their months."""
    yield from _run(connection, _MISCOUNTED_ARCHIVES, limit=limit)


def _run(connection: Connection, query: str, **parameters: object) -> Iterator[tuple[Any, str]]:
    for row in connection.execute(text(query), parameters):
        yield row[0], row[1]
