"""SQL that finds damaged actions: lost, misplaced, stuck or half applied.

Called by `domain/verification`. Every query returns rows `(id, what is wrong)`, oldest first, at
most `limit`.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from domain.actions.model import Status
from domain.fraud.model import Verdict
from domain.store.postgres.stages import (
    BATCH_IS_PENDING,
    BATCH_TAKES_BACK,
    IS_HELD,
    IS_UNFINISHED,
)

# A pending action is in the view `pending_actions`, as the element of a batch. One that a review
# has reopened has a row too.
_STUCK = f"""
SELECT action_id, what FROM (
    SELECT p.action_id, p.action_no, 'has been pending for '
        || round(extract(epoch FROM clock_timestamp() - b.updated_at))
        || ' s, its batch is ' || b.stage AS what
    FROM pending_actions p JOIN action_batches b ON b.batch_id = p.batch_id
    WHERE b.updated_at < clock_timestamp() - make_interval(secs => :seconds)
    UNION ALL
    SELECT a.action_id, a.action_no, CASE
        WHEN b.stage IS NULL THEN 'is pending and its batch is gone'
        WHEN {BATCH_IS_PENDING} THEN 'is pending and its batch does not have it'
        ELSE 'is pending and its batch is ' || b.stage END
    FROM user_actions a LEFT JOIN action_batches b ON b.batch_id = a.batch_id
    WHERE a.status = 'pending' AND NOT EXISTS (SELECT 1 FROM pending_actions p
        WHERE p.action_id = a.action_id AND p.batch_id = a.batch_id)
) stuck
ORDER BY action_no LIMIT :limit
"""

_WITHOUT_CASE = f"""
SELECT a.action_id, 'is held and its player has no open case' FROM user_actions a
WHERE {IS_HELD} AND NOT EXISTS (SELECT 1 FROM moderation_cases c
    WHERE c.user_id = a.user_id AND c.state = 'open')
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

# What would be added to the score once more, or never; or taken back though it is not applied.
_PENDING_AGAIN = f"""
SELECT p.action_id, CASE WHEN p.batches > 1 THEN 'is pending in ' || p.batches || ' batches'
    WHEN a.status <> p.expected THEN 'is pending in a batch and is ' || a.status
    ELSE 'is pending in another version than its row has' END
FROM (SELECT e.action_id, e.action_no, count(*) AS batches, min(e.version) AS version,
        min(CASE WHEN {BATCH_TAKES_BACK} THEN 'applied' ELSE 'pending' END) AS expected
    FROM pending_actions e JOIN action_batches b ON b.batch_id = e.batch_id
    GROUP BY e.action_id, e.action_no) p
LEFT JOIN action_ids i ON i.action_id = p.action_id
LEFT JOIN user_actions a ON a.user_id = i.user_id AND a.action_no = i.action_no
    AND a.created_at = i.created_at
WHERE p.batches > 1 OR a.status <> p.expected OR a.version <> p.version
ORDER BY p.action_no LIMIT :limit
"""

_LOST = """
SELECT i.action_id, 'was acknowledged, and neither a row nor an open batch has it'
FROM action_ids i
WHERE NOT EXISTS (SELECT 1 FROM user_actions a WHERE a.user_id = i.user_id
    AND a.action_no = i.action_no AND a.created_at = i.created_at AND a.action_id = i.action_id)
AND NOT EXISTS (SELECT 1 FROM pending_actions p
    WHERE p.action_id = i.action_id AND p.action_no = i.action_no)
AND NOT EXISTS (SELECT 1 FROM archived_partitions p
    WHERE i.created_at >= p.from_at AND i.created_at < p.until_at)
ORDER BY i.action_no LIMIT :limit
"""

# The scores of what a moderator has taken back are those before and after that.
_IS_TAKEN_BACK = (
    f"((a.status, a.verdict) IN (('{Status.VOIDED}', '{Verdict.VOID}'),"
    f" ('{Status.QUARANTINED}', '{Verdict.HOLD}')))"
)
_HALF_APPLIED = f"""
SELECT a.action_id, CASE
    WHEN a.status NOT IN ('applied', 'voided') AND NOT {_IS_TAKEN_BACK}
        THEN 'is ' || a.status || ' and has an effect on the score'
    WHEN {_IS_TAKEN_BACK} AND a.new_score IS DISTINCT FROM a.previous_score - a.score_delta
        THEN 'is taken back and its scores do not differ by its own'
    WHEN a.status = 'voided' THEN 'is voided and its verdict is ' || coalesce(a.verdict, 'none')
    WHEN a.new_score IS DISTINCT FROM a.previous_score + a.score_delta
        THEN 'is applied and its scores do not differ by its own'
    WHEN a.verdict IS NULL THEN 'is applied and was never screened'
    ELSE 'is applied and its verdict is ' || a.verdict END
FROM user_actions a
WHERE a.status = 'applied' AND (a.verdict IS DISTINCT FROM '{Verdict.PASS}'
        OR a.new_score IS DISTINCT FROM a.previous_score + a.score_delta)
    OR a.status IN ('pending', 'rejected', 'quarantined', 'failed') AND NOT {_IS_TAKEN_BACK}
        AND a.new_score IS NOT NULL
    OR a.status = 'voided' AND NOT {_IS_TAKEN_BACK}
    OR {_IS_TAKEN_BACK} AND a.new_score IS DISTINCT FROM a.previous_score - a.score_delta
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


def count_unfinished_batches(connection: Connection) -> int:
    """Return how many batches are not finished."""
    count: int = connection.execute(
        text(f"SELECT count(*) FROM action_batches WHERE {IS_UNFINISHED}")
    ).scalar_one()
    return count


def list_stuck_actions(
    connection: Connection, *, older_than_seconds: float, limit: int
) -> Iterator[tuple[UUID, str]]:
    """Yield pending actions that are too old, or whose batch will not score them."""
    yield from _run(connection, _STUCK, seconds=older_than_seconds, limit=limit)


def list_actions_without_case(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield held actions that no moderator would find."""
    yield from _run(connection, _WITHOUT_CASE, limit=limit)


def list_stalled_batches(
    connection: Connection, *, older_than_seconds: float, limit: int
) -> Iterator[tuple[UUID, str]]:
    """Yield unfinished batches that have not moved for `older_than_seconds`."""
    yield from _run(connection, _UNFINISHED, seconds=older_than_seconds, limit=limit)


def list_misplaced_actions(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield rows that do not match the row of their id in action_ids."""
    yield from _run(connection, _WITHOUT_ID, limit=limit)


def list_doubly_pending_actions(
    connection: Connection, *, limit: int
) -> Iterator[tuple[UUID, str]]:
    """Yield pending actions that two batches have, or that have a final row too."""
    yield from _run(connection, _PENDING_AGAIN, limit=limit)


def list_lost_actions(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield acknowledged ids that have no row, are not pending and not archived."""
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
