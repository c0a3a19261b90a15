"""SQL of moderators' acts; rows are added and never changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.statements import sql

_INSERT = """
INSERT INTO moderation_acts
    (act_id, kind, by, user_id, action_id, case_id, reason, details, at)
VALUES (:act_id, :kind, :by, :user_id, :action_id, :case_id, :reason, CAST(:details AS jsonb),
    clock_timestamp())
RETURNING at
"""


def insert_act(
    connection: Connection,
    *,
    act_id: UUID,
    kind: str,
    by: str,
    user_id: UUID | None,
    action_id: UUID | None,
    case_id: UUID | None,
    reason: str,
    details: str | None,
) -> datetime:
    """Insert an act, `details` as JSON; return its time."""
    at: datetime = connection.execute(
        sql(_INSERT),
        {
            "act_id": act_id,
            "kind": kind,
            "by": by,
            "user_id": user_id,
            "action_id": action_id,
            "case_id": case_id,
            "reason": reason,
            "details": details,
        },
    ).scalar_one()
    return at
