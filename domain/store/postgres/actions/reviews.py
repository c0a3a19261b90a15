"""SQL of reviews: which actions need an operator's decision, and recording one.

Called by `domain/moderation/deciding.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.actions.chain import Stage
from domain.store.postgres.actions.batches import QUIET_SECONDS
from domain.store.postgres.stages import BATCH_IS_UNAUDITED, NEEDS_REVIEW
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
    """An action's key, status, verdict and batch if any, and whether the log has the status.

    The log has it once the batch that gave the status is audited. `version` is None before the
    action has a row.
    """

    user_id: UUID
    action_no: int
    created_at: datetime
    version: int | None
    status: str
    verdict: str | None
    verdict_reason: str | None
    is_recorded: bool
    batch_id: UUID | None


LIST_HELD = sql(
    "SELECT a.action_id, a.user_id, u.username, a.score_delta, a.status, a.reason,"
    " a.created_at, a.checks FROM user_actions a LEFT JOIN users u ON u.user_id = a.user_id"
    f" WHERE {NEEDS_REVIEW} AND a.status = ANY(CAST(:statuses AS text[]))"
    " ORDER BY a.created_at, a.action_no LIMIT :limit"
)


def list_held_actions(
    connection: Connection, *, statuses: Sequence[str], limit: int
) -> list[HeldAction]:
    """Return the actions that need a review and have one of these statuses, oldest first."""
    rows = connection.execute(LIST_HELD, {"statuses": list(statuses), "limit": limit})
    return [HeldAction(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class FailedFilter:
    """Which failed actions: with this reason, failed at this time or later; None for any."""

    reason: str | None = None
    since: datetime | None = None


FailedKey = tuple[datetime, int]
"""Intake time and number of an action, in the order of the index of what needs a review."""


def list_failed(
    connection: Connection, *, wanted: FailedFilter, after: FailedKey | None, limit: int
) -> list[tuple[FailedKey, UUID]]:
    """Return the keys and ids of the failed actions after this one, oldest first."""
    rows = connection.execute(
        sql(
            "SELECT a.created_at, a.action_no, a.action_id FROM user_actions a"
            f" WHERE {NEEDS_REVIEW} AND a.status = 'failed'"
            " AND (CAST(:reason AS text) IS NULL OR a.reason = :reason)"
            " AND (CAST(:since AS timestamptz) IS NULL OR a.completed_at >= :since)"
            " AND (CAST(:at AS timestamptz) IS NULL"
            "   OR (a.created_at, a.action_no) > (:at, :number))"
            " ORDER BY a.created_at, a.action_no LIMIT :limit"
        ),
        {
            "reason": wanted.reason,
            "since": wanted.since,
            "at": after[0] if after else None,
            "number": after[1] if after else None,
            "limit": limit,
        },
    )
    return [((created_at, number), action_id) for created_at, number, action_id in rows]


def count_failed(connection: Connection) -> int:
    """Return how many actions have failed and wait for a decision."""
    count: int = connection.execute(
        sql(f"SELECT count(*) FROM user_actions WHERE {NEEDS_REVIEW} AND status = 'failed'")
    ).scalar_one()
    return count


def count_held_actions(connection: Connection, *, most: int) -> int:
    """Return how many actions are held for review; `most` when there are as many or more."""
    counted = connection.execute(
        sql(
            "SELECT count(*) FROM (SELECT 1 FROM user_actions"
            f" WHERE {NEEDS_REVIEW} AND status = 'quarantined' LIMIT :most) held"
        ),
        {"most": most},
    )
    return int(counted.scalar_one())


def find_action_state(connection: Connection, *, action_id: UUID) -> ActionState | None:
    """Return the state of an action that is not archived."""
    row = connection.execute(
        sql(
            "SELECT i.user_id, i.action_no, i.created_at, a.version,"
            " coalesce(a.status, 'pending') AS status, a.verdict, a.verdict_reason,"
            " NOT EXISTS (SELECT 1 FROM action_batches b"
            f"   WHERE b.batch_id = a.batch_id AND {BATCH_IS_UNAUDITED}) AS is_recorded, a.batch_id"
            " FROM action_ids i LEFT JOIN user_actions a"
            " ON a.user_id = i.user_id AND a.action_no = i.action_no"
            " AND a.created_at = i.created_at"
            " WHERE i.action_id = :action_id AND (a.action_id IS NOT NULL OR EXISTS ("
            "   SELECT 1 FROM pending_actions p"
            "   WHERE p.created_at = i.created_at AND p.action_no = i.action_no))"
        ),
        {"action_id": action_id},
    ).one_or_none()
    return ActionState(*row) if row else None


# A batch of one, of the action's row.
_INSERT_BATCH = """
INSERT INTO action_batches (batch_id, stage, next_look_at, created_at, updated_at, verdicts,
    action_nos, action_ids, user_ids, scores, timestamps_us, action_types, metadata, request_ids,
    versions, client_nos, step_ups, policy_no)
SELECT CAST(:batch_id AS uuid), :stage, clock_timestamp() + make_interval(secs => :quiet),
    created_at, clock_timestamp(),
    jsonb_build_object(CAST(action_no AS text), jsonb_strip_nulls(jsonb_build_object(
        'verdict', CAST(:verdict AS text), 'reason', CAST(:reason AS text),
        'checks', coalesce(checks, '{}') || jsonb_build_object('review', CAST(:review AS jsonb))
    ))),
    ARRAY[action_no], ARRAY[action_id], ARRAY[user_id], ARRAY[score_delta],
    ARRAY[CAST(extract(epoch FROM timestamp) * 1000000 AS bigint)], ARRAY[action_type],
    ARRAY[metadata], ARRAY[request_id], ARRAY[version], ARRAY[client_no], ARRAY[step_up], policy_no
FROM
"""
_ACTION = "user_id = :user_id AND action_no = :action_no AND created_at = :created_at"
_REOPEN = sql(
    "WITH reopened AS (UPDATE user_actions SET status = 'pending',"
    "   batch_id = CAST(:batch_id AS uuid), completed_at = NULL, previous_score = NULL,"
    "   new_score = NULL"
    f"   WHERE {_ACTION} AND status = :status RETURNING *)"
    f" {_INSERT_BATCH} reopened"
)
# Locks the row, and its month as every writer does: one that is being archived is not written.
_TOUCH = sql(
    "UPDATE user_actions SET batch_id = batch_id"
    f" WHERE {_ACTION} AND status = :status AND version = :version"
)
_COPY = sql(
    f"{_INSERT_BATCH} user_actions r WHERE {_ACTION} AND NOT EXISTS ("
    "   SELECT 1 FROM pending_actions p WHERE p.created_at = r.created_at"
    "   AND p.action_no = r.action_no)"
)


@dataclass(frozen=True, slots=True)
class NewBatch:
    """The batch that a decision makes: at which stage, and with which verdict, if any.

    `review` is the decision, which is added to what the action's checks found.
    """

    batch_id: UUID
    stage: Stage
    verdict: str | None
    reason: str | None
    review: dict[str, Any]


def reopen_action(connection: Connection, *, state: ActionState, batch: NewBatch) -> bool:
    """Make an action pending in a batch of its own; False when its status has changed.

    The verdict, if any, replaces that of the screening. The keeper leaves the batch to its
    submitter for QUIET_SECONDS.
    """
    return connection.execute(_REOPEN, _parameters(state, batch)).rowcount == 1


def copy_action(connection: Connection, *, state: ActionState, batch: NewBatch) -> bool:
    """Copy an action to a batch of its own; its row stays until that is scored.

    False when its status has changed, or another such batch is on its way. As `reopen_action`.
    """
    parameters = _parameters(state, batch)
    if connection.execute(_TOUCH, parameters).rowcount != 1:
        return False
    # A new statement: it sees the batch of the decision that had the row's lock before.
    return connection.execute(_COPY, parameters).rowcount == 1


def _parameters(state: ActionState, batch: NewBatch) -> dict[str, Any]:
    return {
        "batch_id": batch.batch_id,
        "user_id": state.user_id,
        "action_no": state.action_no,
        "created_at": state.created_at,
        "version": state.version,
        "status": state.status,
        "stage": batch.stage,
        "quiet": QUIET_SECONDS,
        "verdict": batch.verdict,
        "reason": batch.reason,
        "review": orjson.dumps(batch.review).decode(),
    }
