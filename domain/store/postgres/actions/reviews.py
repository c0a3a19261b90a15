"""SQL of an operator's decision on one action that is held or was given up.

Called by `domain/fraud/review.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.store.postgres.actions.screening import OPEN_VERDICT
from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class HeldAction:
    """An action that waits for a person, with what its screening saw."""

    action_id: UUID
    user_id: UUID
    username: str
    score: int
    status: str
    reason: str | None
    accepted_at: datetime
    checks: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ActionState:
    """An action's status, whether the audit log has it, and the intake time that names a partition.

    The batch that gave it its status may still be on its way to the log.
    """

    status: str
    created_at: datetime
    is_recorded: bool


def list_held_actions(
    connection: Connection, *, statuses: Sequence[str], limit: int
) -> list[HeldAction]:
    """Return the actions of these statuses with their checks, oldest first."""
    rows = connection.execute(
        sql(
            "SELECT a.action_id, a.user_id, u.username, a.score_delta, a.status, a.reason,"
            " a.created_at, c.checks FROM user_actions a"
            " LEFT JOIN action_checks c"
            "   ON c.action_id = a.action_id AND c.created_at = a.created_at"
            " LEFT JOIN users u ON u.user_id = a.user_id"
            " WHERE a.status = ANY(CAST(:statuses AS text[])) ORDER BY a.action_no LIMIT :limit"
        ),
        {"statuses": list(statuses), "limit": limit},
    )
    return [HeldAction(*row) for row in rows]


def find_action_state(connection: Connection, *, action_id: UUID) -> ActionState | None:
    """Return the state of an action that is not archived."""
    row = connection.execute(
        sql(
            "SELECT a.status, a.created_at, EXISTS (SELECT 1 FROM audit_log l"
            "   WHERE l.action_id = a.action_id AND l.action_version = a.version) AS is_recorded"
            " FROM action_ids i JOIN user_actions a"
            " ON a.action_id = i.action_id AND a.created_at = i.created_at"
            " WHERE i.action_id = :action_id"
        ),
        {"action_id": action_id},
    ).one_or_none()
    return ActionState(*row) if row else None


def reopen_action(
    connection: Connection, *, action_id: UUID, state: ActionState, batch_id: UUID
) -> bool:
    """Make the action pending in another batch; False when its status is another one by now."""
    done = connection.execute(
        sql(
            "UPDATE user_actions SET status = 'pending', batch_id = :batch_id, completed_at = NULL"
            " WHERE action_id = :action_id AND created_at = :created_at AND status = :status"
        ),
        {
            "action_id": action_id,
            "created_at": state.created_at,
            "status": state.status,
            "batch_id": batch_id,
        },
    )
    return done.rowcount == 1


def record_review(
    connection: Connection,
    *,
    action_id: UUID,
    created_at: datetime,
    verdict: str | None,
    reason: str | None,
    review: dict[str, Any],
) -> None:
    """Add the decision to the action's checks; a verdict replaces the one of the screening.

    An action that was given up before it was screened gets its row here, with a verdict that its
    screening then fills in.
    """
    connection.execute(
        sql(
            "INSERT INTO action_checks AS c (action_id, created_at, verdict, reason, checks)"
            " VALUES (:action_id, :created_at, coalesce(CAST(:verdict AS text), :open),"
            "   CAST(:reason AS text), jsonb_build_object('review', CAST(:review AS jsonb)))"
            " ON CONFLICT (action_id, created_at) DO UPDATE SET"
            " verdict = coalesce(CAST(:verdict AS text), c.verdict),"
            " reason = CASE WHEN CAST(:verdict AS text) IS NULL THEN c.reason"
            "   ELSE EXCLUDED.reason END,"
            " checks = c.checks || EXCLUDED.checks"
        ),
        {
            "action_id": action_id,
            "created_at": created_at,
            "verdict": verdict,
            "open": OPEN_VERDICT,
            "reason": reason,
            "review": orjson.dumps(review).decode(),
        },
    )
