"""SQL that compares the audit log with the actions whose transitions it records.

Called by `domain/verification`. `domain/audit/hash_chain.py` checks the hash chain.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection, text

from domain.store.postgres.stages import BATCH_IS_UNAUDITED

# A transition whose batch is not audited yet has no entry; a batch without a row was done a week
# ago and has them all.
_RECORDED = (
    "a.status <> 'pending' AND NOT EXISTS (SELECT 1 FROM action_batches b"
    f" WHERE b.batch_id = a.batch_id AND {BATCH_IS_UNAUDITED})"
)

_MISCOUNTED = f"""
SELECT a.action_id, 'had ' || a.version || ' final transitions and has '
    || count(l.seq) || ' audit entries'
FROM user_actions a LEFT JOIN audit_log l ON l.action_id = a.action_id
WHERE {_RECORDED}
GROUP BY a.action_id, a.action_no, a.version HAVING count(l.seq) <> a.version
ORDER BY a.action_no LIMIT :limit
"""

_DIFFERENT = f"""
SELECT a.action_id, 'is not what audit entry ' || l.seq || ' says of it'
FROM user_actions a JOIN audit_log l ON l.action_id = a.action_id AND l.action_version = a.version
CROSS JOIN LATERAL (SELECT CAST(l.entry AS jsonb) AS said) e
WHERE {_RECORDED} AND (
    said ->> 'status' IS DISTINCT FROM a.status
    OR said ->> 'reason' IS DISTINCT FROM a.reason
    OR said ->> 'userId' IS DISTINCT FROM a.user_id::text
    OR said ->> 'actionNo' IS DISTINCT FROM a.action_no::text
    OR said ->> 'score' IS DISTINCT FROM a.score_delta::text
    OR said ->> 'previousScore' IS DISTINCT FROM a.previous_score::text
    OR said ->> 'newScore' IS DISTINCT FROM a.new_score::text)
ORDER BY a.action_no LIMIT :limit
"""

_ARCHIVED_WITHOUT_ENTRY = """
SELECT i.action_id, 'is archived and has no audit entry'
FROM action_ids i JOIN archived_partitions p
    ON i.created_at >= p.from_at AND i.created_at < p.until_at
WHERE NOT EXISTS (SELECT 1 FROM audit_log l WHERE l.action_id = i.action_id)
ORDER BY i.action_no LIMIT :limit
"""

_OF_NOTHING = """
SELECT l.action_id, 'has audit entry ' || l.seq || ' and was never accepted'
FROM audit_log l WHERE NOT EXISTS (SELECT 1 FROM action_ids i WHERE i.action_id = l.action_id)
ORDER BY l.seq LIMIT :limit
"""


def list_unaudited_actions(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield actions that do not have exactly one entry for each final transition."""
    yield from _run(connection, _MISCOUNTED, limit)
    yield from _run(connection, _ARCHIVED_WITHOUT_ENTRY, limit)


def list_contradictions(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield actions whose last entry differs from their row, and entries of unknown actions."""
    yield from _run(connection, _DIFFERENT, limit)
    yield from _run(connection, _OF_NOTHING, limit)


def _run(connection: Connection, query: str, limit: int) -> Iterator[tuple[UUID, str]]:
    for row in connection.execute(text(query), {"limit": limit}):
        yield row[0], row[1]
