"""SQL that compares the log with what was made of it: each scored entry with its actions' rows.

Called by `domain/verification`.
"""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection, text

# A row that another batch has scored since is of a later version; one that a review has reopened
# is still of this one.
_CONTRADICTED = """
SELECT e.action_id, CASE
    WHEN a.action_id IS NULL THEN 'is in the log of batch ' || b.batch_id || ' as another'
    ELSE 'is not what the log of batch ' || b.batch_id || ' says of it' END
FROM action_batches b
CROSS JOIN LATERAL ROWS FROM (unnest(b.action_nos, b.action_ids, b.user_ids, b.scores,
        b.timestamps_us, b.action_types, b.metadata, b.request_ids),
    jsonb_array_elements(CAST(b.outcomes AS jsonb)))
    AS e(action_no, action_id, user_id, score, timestamp_us, action_type, metadata, request_id,
        outcome)
CROSS JOIN LATERAL (SELECT b.verdicts -> CAST(e.action_no AS text) AS found) v
LEFT JOIN user_actions a
    ON a.user_id = e.user_id AND a.action_no = e.action_no AND a.created_at = b.created_at
LEFT JOIN action_ids i ON i.action_id = e.action_id AND i.user_id = e.user_id
    AND i.action_no = e.action_no AND i.created_at = b.created_at
WHERE b.outcomes IS NOT NULL AND (
    i.action_id IS NULL
    OR a.action_id IS NOT NULL AND (
        (a.action_id, a.score_delta) <> (e.action_id, e.score)
        OR a.timestamp IS DISTINCT FROM
            timestamptz 'epoch' + e.timestamp_us * interval '1 microsecond'
        OR a.action_type IS DISTINCT FROM e.action_type
        OR a.metadata IS DISTINCT FROM e.metadata
        OR a.request_id IS DISTINCT FROM e.request_id
        OR CASE WHEN a.batch_id = b.batch_id
            THEN e.outcome IS DISTINCT FROM jsonb_build_array(
                a.status, a.reason, a.previous_score, a.new_score, a.version)
                OR a.completed_at IS DISTINCT FROM b.scored_at
                OR a.verdict <> v.found ->> 'verdict'
                OR a.verdict_reason IS DISTINCT FROM v.found ->> 'reason'
                OR a.checks IS DISTINCT FROM v.found -> 'checks'
            WHEN a.status = 'pending' THEN to_jsonb(a.version) < e.outcome -> 4
            ELSE to_jsonb(a.version) <= e.outcome -> 4 END))
ORDER BY e.action_no LIMIT :limit
"""


def list_contradicted_entries(connection: Connection, *, limit: int) -> Iterator[tuple[UUID, str]]:
    """Yield actions whose row is not what the entry that was scored last says of it.

    Only batches of the last week have their entries, see `domain/archives/cleaning.py`.
    """
    for row in connection.execute(text(_CONTRADICTED), {"limit": limit}):
        yield row[0], row[1]
