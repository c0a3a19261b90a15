"""SQL of traces: one action with all that the pipeline has written of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class TracedAction:
    """What is stored of an action; of an archived one only that it was accepted.

    `status` is None for an archived action, `verdict` until it is screened; `checks` is None when
    every check passed. `batch_id` is the batch that it is in, or was in last.
    """

    action_id: UUID
    action_no: int
    user_id: UUID
    username: str
    accepted_at: datetime
    status: str | None
    score: int | None
    action_type: str | None
    timestamp: datetime | None
    metadata: Mapping[str, Any] | None
    reason: str | None
    previous_score: int | None
    new_score: int | None
    completed_at: datetime | None
    verdict: str | None
    verdict_reason: str | None
    checks: Mapping[str, Any] | None
    policy_no: int | None
    # The names of the checks in that policy; None for the policy of the settings, which has all.
    policy_checks: Sequence[str] | None
    # From how many points on it holds and rejects; None for the policy of the settings.
    thresholds: Sequence[float] | None
    step_up: int | None
    batch_id: UUID | None
    device: UUID | None
    address: UUID | None
    country: str | None
    is_hosting: bool | None


class RecordedTransition(NamedTuple):
    """A final transition of an action, and the audit entry that has it."""

    status: str
    reason: str | None
    previous_score: int | None
    new_score: int | None
    version: int
    seq: int
    hash: str


# What is pending and was never scored has its verdict, if any, in the batch.
_ACTION = """
SELECT i.action_id, i.action_no, i.user_id, u.username, i.created_at,
    coalesce(a.status, p.status) AS status, coalesce(a.score_delta, p.score_delta) AS score,
    coalesce(a.action_type, p.action_type) AS action_type,
    coalesce(a.timestamp, p.timestamp) AS timestamp, coalesce(a.metadata, p.metadata) AS metadata,
    a.reason, a.previous_score, a.new_score, a.completed_at,
    coalesce(a.verdict, f.found ->> 'verdict') AS verdict,
    coalesce(a.verdict_reason, f.found ->> 'reason') AS verdict_reason,
    coalesce(a.checks, f.found -> 'checks') AS checks, coalesce(a.policy_no, b.policy_no),
    (SELECT array_agg(name) FROM fraud_policies, jsonb_object_keys(definition -> 'checks') name
        WHERE policy_no = coalesce(a.policy_no, b.policy_no)) AS policy_checks,
    (SELECT ARRAY[CAST(definition ->> 'holdAt' AS float8),
            CAST(definition ->> 'rejectAt' AS float8)] FROM fraud_policies
        WHERE policy_no = coalesce(a.policy_no, b.policy_no)) AS thresholds,
    coalesce(a.step_up, b.step_ups[array_position(b.action_nos, i.action_no)]),
    coalesce(a.batch_id, b.batch_id), c.device, c.address, c.country, c.is_hosting
FROM action_ids i
JOIN users u ON u.user_id = i.user_id
LEFT JOIN user_actions a
    ON a.user_id = i.user_id AND a.action_no = i.action_no AND a.created_at = i.created_at
LEFT JOIN pending_actions p
    ON p.created_at = i.created_at AND p.action_no = i.action_no AND a.action_id IS NULL
LEFT JOIN action_batches b ON b.batch_id = p.batch_id
LEFT JOIN LATERAL (SELECT b.verdicts -> CAST(i.action_no AS text) AS found) f ON true
LEFT JOIN clients c ON c.client_no =
    coalesce(a.client_no, b.client_nos[array_position(b.action_nos, i.action_no)])
WHERE i.action_id = :action_id
"""
_ENTRIES = """
SELECT seq, encode(hash, 'hex') AS hash, leaves FROM audit_log
WHERE batch_id = ANY(CAST(:batches AS uuid[])) ORDER BY seq
"""


def find_traced(connection: Connection, *, action_id: UUID) -> TracedAction | None:
    """Return what is stored of an action; None for an id that was never accepted."""
    row = connection.execute(sql(_ACTION), {"action_id": action_id}).one_or_none()
    return TracedAction(*row) if row else None


def list_transitions(
    connection: Connection, *, action_id: UUID, batch_ids: Sequence[UUID]
) -> list[RecordedTransition]:
    """Return the action's transitions that the audit log has of these batches, in order."""
    rows = connection.execute(sql(_ENTRIES), {"batches": [str(batch) for batch in batch_ids]})
    return [
        RecordedTransition._make([*leaf[4:9], row.seq, row.hash])
        for row in rows
        for leaf in orjson.loads(row.leaves)
        if leaf[1] == str(action_id)
    ]


def find_outcome(connection: Connection, *, batch_id: UUID) -> str | None:
    """Return the status that a batch of one has given its action; None until it is scored."""
    outcomes: str | None = connection.execute(
        sql("SELECT outcomes FROM action_batches WHERE batch_id = :batch_id"),
        {"batch_id": batch_id},
    ).scalar()
    if outcomes is None:
        return None
    status: str = orjson.loads(outcomes)[0][0]
    return status
