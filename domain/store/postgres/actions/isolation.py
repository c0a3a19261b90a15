"""SQL of isolation: moving an action to another batch, or failing it.

Called by `domain/actions/recovery.py`.
"""

from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.actions.batches import Batch
from domain.store.postgres.actions.screening import OPEN_VERDICT
from domain.store.postgres.statements import sql


def list_pending_ids(connection: Connection, *, batch: Batch) -> list[UUID]:
    """Return the ids of the batch's pending actions in order of action_no."""
    rows = connection.execute(
        sql(
            "SELECT action_id FROM user_actions WHERE batch_id = :batch_id"
            " AND created_at = :created_at AND status = 'pending' ORDER BY action_no"
        ),
        {"batch_id": batch.batch_id, "created_at": batch.created_at},
    )
    return list(rows.scalars())


def list_pending_by_player(connection: Connection, *, batch: Batch) -> dict[UUID, list[UUID]]:
    """Return the ids of the batch's pending actions by player, in order of action_no."""
    rows = connection.execute(
        sql(
            "SELECT user_id, action_id FROM user_actions WHERE batch_id = :batch_id"
            " AND created_at = :created_at AND status = 'pending' ORDER BY action_no"
        ),
        {"batch_id": batch.batch_id, "created_at": batch.created_at},
    )
    pending: dict[UUID, list[UUID]] = {}
    for user_id, action_id in rows:
        pending.setdefault(user_id, []).append(action_id)
    return pending


def reassign_action(
    connection: Connection, *, action_id: UUID, batch: Batch, batch_id: UUID
) -> None:
    """Move a pending action from `batch`, whose lock is held, to the batch `batch_id`."""
    connection.execute(
        sql(
            "UPDATE user_actions SET batch_id = :new WHERE action_id = :action_id"
            " AND created_at = :created_at AND batch_id = :old AND status = 'pending'"
        ),
        {
            "new": batch_id,
            "old": batch.batch_id,
            "action_id": action_id,
            "created_at": batch.created_at,
        },
    )


def fail_action(connection: Connection, *, action_id: UUID, batch: Batch) -> None:
    """Set a pending action to `failed` and mark it for review; its verdict, if any, is kept."""
    connection.execute(
        sql(
            "WITH failed AS ("
            "   UPDATE user_actions SET status = 'failed', reason = 'PROCESSING_FAILED',"
            "   version = version + 1, completed_at = clock_timestamp()"
            "   WHERE action_id = :action_id AND created_at = :created_at AND status = 'pending'"
            "   RETURNING action_id, created_at)"
            " INSERT INTO action_checks (action_id, created_at, verdict, checks, needs_review)"
            " SELECT action_id, created_at, :open, '{}', true FROM failed"
            " ON CONFLICT (action_id, created_at) DO UPDATE SET needs_review = true"
        ),
        {"action_id": action_id, "created_at": batch.created_at, "open": OPEN_VERDICT},
    )
