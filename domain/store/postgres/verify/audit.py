"""SQL that compares the audit log with the actions whose transitions it records.

Called by `domain/verification`. `domain/audit/hash_chain.py` checks the hash chain.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from domain.store.postgres.stages import BATCH_IS_UNAUDITED

# One statement, because it reads every transition there was; sorts and joins of this size go to
# PostgreSQL's disk. The fields of a transition are counted from 0: 1 is the id, 8 the version.
# A row's last transition is in the log unless its batch is not audited yet; a batch without a row
# was done a week ago. What an archived action has gone through, only its file knows.
_MISMATCHES = f"""
WITH transition AS (
    SELECT said, jsonb_build_array(l.seq, l.batch_id, said) AS entry
    FROM audit_log l CROSS JOIN LATERAL jsonb_array_elements(CAST(l.leaves AS jsonb)) AS said
    WHERE l.seq <> ALL(CAST(:unreadable AS bigint[]))
), recorded AS (
    SELECT said ->> 1 AS action_id, jsonb_agg(said -> 8 ORDER BY said -> 8) AS versions,
        (array_agg(entry ORDER BY said -> 8 DESC))[1] AS last
    FROM transition GROUP BY said ->> 1
), compared AS (
    SELECT coalesce(r.action_id, CAST(i.action_id AS text)) AS action_id, i.action_no,
        i.action_id IS NOT NULL AS is_known, p.partition_name IS NOT NULL AS is_archived,
        coalesce(r.versions, '[]') AS versions, r.last,
        jsonb_build_array(a.batch_id, jsonb_build_array(a.action_no, a.action_id, a.user_id,
            a.score_delta, a.status, a.reason, a.previous_score, a.new_score, a.version)) AS stored,
        a.status <> 'pending' AND NOT coalesce({BATCH_IS_UNAUDITED}, false) AS is_recorded,
        a.version
    FROM recorded r
    FULL JOIN action_ids i ON CAST(i.action_id AS text) = r.action_id
    LEFT JOIN user_actions a ON a.user_id = i.user_id AND a.action_no = i.action_no
        AND a.created_at = i.created_at
    LEFT JOIN action_batches b ON b.batch_id = a.batch_id
    LEFT JOIN archived_partitions p ON i.created_at >= p.from_at AND i.created_at < p.until_at
), expected AS (
    SELECT *, CASE WHEN is_recorded OR stored -> 1 ->> 4 = 'pending' THEN version
        WHEN version IS NOT NULL THEN version - 1
        WHEN is_archived THEN greatest(jsonb_array_length(versions), 1)
        ELSE 0 END AS transitions
    FROM compared
)
SELECT action_id, CASE
    WHEN NOT is_known THEN 'has audit entry ' || (last ->> 0) || ' and was never accepted'
    WHEN is_archived AND versions = '[]' THEN 'is archived and has no audit entry'
    WHEN jsonb_array_length(versions) <> transitions THEN 'had ' || transitions
        || ' final transitions and the audit log has ' || jsonb_array_length(versions)
    WHEN versions <> to_jsonb(ARRAY(SELECT generate_series(1, transitions)))
        THEN 'has the transitions ' || CAST(versions AS text) || ' in the audit log'
    ELSE 'is not what audit entry ' || (last ->> 0) || ' says of it' END
FROM expected
WHERE NOT is_known OR versions <> to_jsonb(ARRAY(SELECT generate_series(1, transitions)))
    OR is_recorded AND stored <> last - 0
ORDER BY action_no, action_id LIMIT :limit
"""


def list_audit_mismatches(
    connection: Connection, *, unreadable: Sequence[int], limit: int
) -> Iterator[tuple[UUID, str]]:
    """Yield actions that the log contradicts, and ids in it that were never accepted.

    Each final transition must be in the log once, the last one as the action's row is. The
    transitions of the `unreadable` entries count as missing.
    """
    parameters = {"unreadable": list(unreadable), "limit": limit}
    for row in connection.execute(text(_MISMATCHES), parameters):
        yield row[0], row[1]
