"""SQL of isolation: moving actions of a batch to another batch, or failing the one that it has.

Called by `domain/actions/recovery.py`.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.actions.batches import QUIET_SECONDS, Batch
from domain.store.postgres.actions.entries import copy_statement, keep_statement
from domain.store.postgres.statements import sql

_COPY = sql(copy_statement("e.action_no = ANY(CAST(:numbers AS bigint[]))"))
_KEEP = sql(keep_statement("e.action_no <> ALL(CAST(:numbers AS bigint[]))"))


def list_pending_ids(connection: Connection, *, batch: Batch) -> dict[int, UUID]:
    """Return the ids of an unscored batch's actions by action_no."""
    rows = connection.execute(
        sql(
            "SELECT unnest(action_nos), unnest(action_ids) FROM action_batches"
            " WHERE batch_id = :batch_id"
        ),
        {"batch_id": batch.batch_id},
    )
    return dict(tuple(row) for row in rows)


def list_pending_by_player(connection: Connection, *, batch: Batch) -> dict[UUID, dict[int, UUID]]:
    """Return the ids of an unscored batch's actions by player and action_no."""
    rows = connection.execute(
        sql(
            "SELECT unnest(user_ids), unnest(action_nos), unnest(action_ids) FROM action_batches"
            " WHERE batch_id = :batch_id"
        ),
        {"batch_id": batch.batch_id},
    )
    pending: dict[UUID, dict[int, UUID]] = {}
    for user_id, number, action_id in rows:
        pending.setdefault(user_id, {})[number] = action_id
    return pending


def copy_actions(
    connection: Connection, *, batch: Batch, part: UUID, action_nos: Sequence[int], suspect: bool
) -> None:
    """Copy actions of `batch`, whose lock is held, to the new batch `part` at the same stage.

    The caller removes them from `batch`, or ends it. Rows that a review reopened follow. `suspect`
    says whether one of them may be poison, see `copy_statement`.
    """
    parameters = {
        "part": part,
        "batch_id": batch.batch_id,
        "numbers": list(action_nos),
        "suspect": suspect,
        "quiet": QUIET_SECONDS,
    }
    connection.execute(_COPY, parameters)
    connection.execute(
        sql(
            "UPDATE user_actions a SET batch_id = :part FROM action_batches b,"
            " unnest(b.user_ids, b.action_nos) AS e(user_id, action_no)"
            " WHERE b.batch_id = :part AND b.versions IS NOT NULL AND a.user_id = e.user_id"
            " AND a.action_no = e.action_no AND a.created_at = b.created_at"
            " AND a.status = 'pending'"
        ),
        {"part": part},
    )


def remove_actions(connection: Connection, *, batch: Batch, action_nos: Sequence[int]) -> None:
    """Remove actions from a batch whose lock is held; others stay in it."""
    connection.execute(_KEEP, {"batch_id": batch.batch_id, "numbers": list(action_nos)})
