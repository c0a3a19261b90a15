"""SQL of actions that were accepted before. Called by `domain/actions/history.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class StoredAction:
    """An action id and what is stored about it; `status` is None once it is archived."""

    action_id: UUID
    user_id: UUID
    request_hash: bytes
    action_no: int
    created_at: datetime
    status: str | None
    score_delta: int | None
    reason: str | None
    previous_score: int | None
    new_score: int | None
    completed_at: datetime | None
    timestamp: datetime | None
    metadata: Mapping[str, Any] | None
    # By board: why the action does not count there.
    uncounted: Mapping[str, str] | None


# Scored, or pending, or archived: one statement sees the same moment of all.
_STORED = """
SELECT i.action_id, i.user_id, i.request_hash, i.action_no, i.created_at,
    coalesce(a.status, p.status) AS status, coalesce(a.score_delta, p.score_delta) AS score_delta,
    a.reason, a.previous_score, a.new_score, a.completed_at,
    coalesce(a.timestamp, p.timestamp) AS timestamp, coalesce(a.metadata, p.metadata) AS metadata,
    a.uncounted
FROM action_ids i
LEFT JOIN user_actions a
    ON a.user_id = i.user_id AND a.action_no = i.action_no AND a.created_at = i.created_at
LEFT JOIN pending_actions p
    ON p.created_at = i.created_at AND p.action_no = i.action_no AND a.action_id IS NULL
"""
# What a review has reopened has a row, and is among the pending as well.
_PAGE = """
SELECT * FROM (
    SELECT action_id, user_id, '\\x'::bytea AS request_hash, action_no, created_at, status,
        score_delta, reason, previous_score, new_score, completed_at, timestamp, metadata,
        uncounted
    FROM user_actions WHERE user_id = :user_id AND action_no < :before_no
    ORDER BY action_no DESC LIMIT :limit
) scored UNION ALL SELECT * FROM (
    SELECT action_id, user_id, '\\x'::bytea, action_no, created_at, status,
        score_delta, NULL, NULL::bigint, NULL::bigint, NULL::timestamptz, timestamp, metadata,
        NULL::jsonb
    FROM pending_actions WHERE user_id = :user_id AND action_no < :before_no AND version = 0
    ORDER BY action_no DESC LIMIT :limit
) pending
ORDER BY action_no DESC LIMIT :limit
"""
MAX_ACTION_NO = 2**63 - 1


def list_stored_actions(
    connection: Connection, *, action_ids: Sequence[UUID]
) -> dict[UUID, StoredAction]:
    """Return what is stored under these ids; unknown ones are absent."""
    rows = connection.execute(
        sql(_STORED + "WHERE i.action_id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": [str(action_id) for action_id in action_ids]},
    )
    return {row.action_id: _stored(row) for row in rows}


def list_user_actions(
    connection: Connection, *, user_id: UUID, before_no: int | None, limit: int
) -> Sequence[StoredAction]:
    """Return a user's actions that are not archived, newest first, numbered below `before_no`."""
    rows = connection.execute(
        sql(_PAGE),
        {
            "user_id": user_id,
            "before_no": MAX_ACTION_NO if before_no is None else before_no,
            "limit": limit,
        },
    )
    return [_stored(row) for row in rows]


def _stored(row: Row[tuple[object, ...]]) -> StoredAction:
    return StoredAction(
        action_id=row.action_id,
        user_id=row.user_id,
        request_hash=bytes(row.request_hash),
        action_no=row.action_no,
        created_at=row.created_at,
        status=row.status,
        score_delta=row.score_delta,
        reason=row.reason,
        previous_score=row.previous_score,
        new_score=row.new_score,
        completed_at=row.completed_at,
        timestamp=row.timestamp,
        metadata=row.metadata,
        uncounted=row.uncounted,
    )
