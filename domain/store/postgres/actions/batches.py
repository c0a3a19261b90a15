"""SQL of action_batches: which stage a batch has reached and when somebody should look at it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from domain.actions.model import Stage
from domain.store.postgres.statements import prepared, sql

# Pause before the keeper looks: a link that moved the batch buys it this much time again.
QUIET_SECONDS = 2
MAX_QUIET_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """One row: `created_at` is the intake time of all its actions and names their partition."""

    batch_id: UUID
    stage: Stage
    attempts: int
    looks: int
    reply_to: str | None
    created_at: datetime


_COLUMNS = "batch_id, stage, attempts, looks, reply_to, created_at"
_FIND = prepared(f"SELECT {_COLUMNS} FROM action_batches WHERE batch_id = :batch_id")
_LOCK = sql(
    f"SELECT {_COLUMNS} FROM action_batches"
    " WHERE batch_id = :batch_id AND stage = :stage FOR NO KEY UPDATE"
)
_MOVE_TEXT = (
    "UPDATE action_batches SET stage = :new, attempts = 0, looks = 0,"
    " updated_at = clock_timestamp(),"
    " next_look_at = clock_timestamp() + make_interval(secs => :quiet)"
    " WHERE batch_id = :batch_id AND stage = :old"
)
_MOVE = prepared(_MOVE_TEXT)
_CLAIM = prepared(f"{_MOVE_TEXT} RETURNING {_COLUMNS}")
_COUNT = prepared(
    "UPDATE action_batches SET attempts = greatest(attempts + :step, 0)"
    " WHERE batch_id = :batch_id AND stage = :stage"
)


def find_locked_batch(connection: Connection, *, batch_id: UUID, stage: Stage) -> Batch | None:
    """Lock the batch if it stands at `stage`; None means that it is not this link's turn."""
    row = connection.execute(_LOCK, {"batch_id": batch_id, "stage": stage}).one_or_none()
    return _batch(row) if row else None


def find_batch(connection: Connection, *, batch_id: UUID) -> Batch | None:
    """Return the batch as it stands, without a lock."""
    row = connection.execute(_FIND, {"batch_id": batch_id}).one_or_none()
    return _batch(row) if row else None


def claim_batch(connection: Connection, *, batch_id: UUID, old: Stage, new: Stage) -> Batch | None:
    """Move a batch on, hold its row until the transaction ends, and return it as it stands now.

    The first statement of a link's transaction: a rollback takes the move back with all the rest.
    None means that it is not this link's turn.
    """
    row = connection.execute(
        _CLAIM, {"batch_id": batch_id, "old": old, "new": new, "quiet": QUIET_SECONDS}
    ).one_or_none()
    return _batch(row) if row else None


def move_batch(connection: Connection, *, batch_id: UUID, old: Stage, new: Stage) -> bool:
    """Move a batch on and start its patience anew; False if it does not stand at `old`."""
    moved = connection.execute(
        _MOVE, {"batch_id": batch_id, "old": old, "new": new, "quiet": QUIET_SECONDS}
    )
    return moved.rowcount == 1


def insert_batch(
    connection: Connection, *, batch_id: UUID, stage: Stage, created_at: datetime
) -> None:
    """Add a batch that nobody waits for; it is looked at from now on."""
    connection.execute(
        sql(
            "INSERT INTO action_batches (batch_id, stage, next_look_at, created_at, updated_at)"
            " VALUES (:batch_id, :stage, clock_timestamp(), :created_at, clock_timestamp())"
        ),
        {"batch_id": batch_id, "stage": stage, "created_at": created_at},
    )


def count_attempt(connection: Connection, *, batch_id: UUID, stage: Stage, step: int) -> bool:
    """Add `step` (1, or -1 to take one back) to the attempts; False if it stands elsewhere."""
    done = connection.execute(_COUNT, {"batch_id": batch_id, "stage": stage, "step": step})
    return done.rowcount == 1


def claim_due_batches(
    connection: Connection, *, limit: int, but: Collection[Stage] = ()
) -> Sequence[Batch]:
    """Take up to `limit` batches whose time to be looked at has come, oldest first.

    Those that stand at one of the stages `but` keep their turn.
    Each is claimed by moving its next look: the pause doubles up to MAX_QUIET_SECONDS.
    MATERIALIZED, because a subquery that the planner runs once per row would claim without a limit.
    """
    rows = connection.execute(
        sql(
            "WITH standing AS MATERIALIZED ("
            "   SELECT batch_id AS claimed_id FROM action_batches"
            "   WHERE stage NOT IN ('done', 'split') AND next_look_at <= clock_timestamp()"
            "   AND stage <> ALL(:but)"
            "   ORDER BY next_look_at, created_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)"
            " UPDATE action_batches SET looks = least(looks + 1, 100),"
            " next_look_at = clock_timestamp() + make_interval("
            "   secs => least(:quiet * 2 ^ least(looks + 1, 8), :most))"
            " FROM standing WHERE batch_id = claimed_id"
            f" RETURNING {_COLUMNS}"
        ),
        {"quiet": QUIET_SECONDS, "most": MAX_QUIET_SECONDS, "limit": limit, "but": list(but)},
    ).all()
    return sorted((_batch(row) for row in rows), key=lambda batch: batch.created_at)


def read_queue_age_seconds(connection: Connection) -> float:
    """Return for how long the oldest batch has waited to be scored, 0.0 when there is none.

    By `updated_at`: an action that was held for days comes back with its old intake time.
    """
    age = connection.execute(
        sql(
            "SELECT extract(epoch FROM clock_timestamp() - min(updated_at)) FROM action_batches"
            " WHERE stage NOT IN ('done', 'split') AND stage IN ('accepted', 'screened')"
        )
    ).scalar()
    return max(float(age), 0.0) if age is not None else 0.0


def _batch(row: Row[Any]) -> Batch:
    return Batch(
        batch_id=row.batch_id,
        stage=Stage(row.stage),
        attempts=row.attempts,
        looks=row.looks,
        reply_to=row.reply_to,
        created_at=row.created_at,
    )
