"""SQL of reviews: which actions need an operator's decision, and recording one.

Called by `domain/fraud/review.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.fraud.model import Verdict
from domain.store.postgres.actions.screening import OPEN_VERDICT
from domain.store.postgres.statements import sql


@dataclass(frozen=True, slots=True)
class HeldAction:
    """An action that needs a decision, with what its screening found."""

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
    """An action's status, its intake time, and whether the audit log has that status.

    The log has it once the batch that gave the status is audited.
    """

    status: str
    created_at: datetime
    is_recorded: bool


LIST_HELD = sql(
    "SELECT a.action_id, a.user_id, u.username, a.score_delta, a.status, a.reason,"
    " a.created_at, c.checks FROM action_checks c"
    " JOIN user_actions a ON a.action_id = c.action_id AND a.created_at = c.created_at"
    " LEFT JOIN users u ON u.user_id = a.user_id"
    " WHERE c.needs_review AND a.status = ANY(CAST(:statuses AS text[]))"
    " ORDER BY c.created_at, a.action_no LIMIT :limit"
)


def list_held_actions(
    connection: Connection, *, statuses: Sequence[str], limit: int
) -> list[HeldAction]:
    """Return the actions that need a review and have one of these statuses, oldest first.

    Found by the index of `needs_review`: an index of the status would end the HOT updates of
    `user_actions`. The mark is set before the status and may outlast it, so the status decides.
    """
    rows = connection.execute(LIST_HELD, {"statuses": list(statuses), "limit": limit})
    return [HeldAction(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class FailedFilter:
    """Which failed actions: with this reason, failed at this time or later; None for any."""

    reason: str | None = None
    since: datetime | None = None


FailedKey = tuple[datetime, UUID]


def list_failed_keys(
    connection: Connection, *, wanted: FailedFilter, after: FailedKey | None, limit: int
) -> list[FailedKey]:
    """Return intake time and id of the failed actions after this one, oldest first."""
    rows = connection.execute(
        sql(
            "SELECT a.created_at, a.action_id FROM action_checks c"
            " JOIN user_actions a ON a.action_id = c.action_id AND a.created_at = c.created_at"
            " WHERE c.needs_review AND a.status = 'failed'"
            " AND (CAST(:reason AS text) IS NULL OR a.reason = :reason)"
            " AND (CAST(:since AS timestamptz) IS NULL OR a.completed_at >= :since)"
            " AND (CAST(:at AS timestamptz) IS NULL OR (c.created_at, c.action_id) > (:at, :id))"
            " ORDER BY c.created_at, c.action_id LIMIT :limit"
        ),
        {
            "reason": wanted.reason,
            "since": wanted.since,
            "at": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [(created_at, action_id) for created_at, action_id in rows]


def count_failed(connection: Connection) -> int:
    """Return how many actions have failed and wait for a decision."""
    count: int = connection.execute(
        sql(
            "SELECT count(*) FROM action_checks c JOIN user_actions a"
            " ON a.action_id = c.action_id AND a.created_at = c.created_at"
            " WHERE c.needs_review AND a.status = 'failed'"
        )
    ).scalar_one()
    return count


def count_held_actions(connection: Connection, *, most: int) -> int:
    """Return how many actions are held for review; `most` when there are as many or more."""
    counted = connection.execute(
        sql(
            "SELECT count(*) FROM (SELECT 1 FROM action_checks c"
            " JOIN user_actions a ON a.action_id = c.action_id AND a.created_at = c.created_at"
            " WHERE c.needs_review AND a.status = 'quarantined' LIMIT :most) held"
        ),
        {"most": most},
    )
    return int(counted.scalar_one())


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
    """Make the action pending in another batch; return False when its status has changed."""
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

    The action needs no further review, unless a quarantine is kept: a retry then ends in it again.
    """
    connection.execute(
        sql(
            "INSERT INTO action_checks AS c (action_id, created_at, verdict, reason, checks)"
            " VALUES (:action_id, :created_at, coalesce(CAST(:verdict AS text), :open),"
            "   CAST(:reason AS text), jsonb_build_object('review', CAST(:review AS jsonb)))"
            " ON CONFLICT (action_id, created_at) DO UPDATE SET"
            " verdict = coalesce(CAST(:verdict AS text), c.verdict),"
            f" needs_review = coalesce(CAST(:verdict AS text), c.verdict) = '{Verdict.QUARANTINE}',"
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
