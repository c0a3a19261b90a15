"""SQL of action_batches: which stage a batch has reached, and when the keeper should look at it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from domain.actions.chain import Link, Stage
from domain.store.postgres.stages import IS_OPEN, IS_UNFINISHED
from domain.store.postgres.statements import hot, prepared, sql

# Pause before the keeper looks at a batch; every link that moves the batch starts it again.
QUIET_SECONDS = 2
MAX_QUIET_SECONDS = 8
KNOWN_STAGES = frozenset(Stage)


@dataclass(frozen=True, slots=True)
class Batch:
    """One row: `created_at` is the intake time of all its actions and names their partition.

    `is_suspect`: an attempt at it has begun and was not forgotten, or it is a part of such a batch.
    """

    batch_id: UUID
    stage: Stage
    attempts: int
    looks: int
    reply_to: str | None
    created_at: datetime
    is_suspect: bool = False


_COLUMNS = (
    "batch_id, stage, attempts, looks, reply_to, created_at, attempted_at IS NOT NULL AS is_suspect"
)
_FIND = prepared(f"SELECT {_COLUMNS} FROM action_batches WHERE batch_id = :batch_id")
_LOCK = sql(
    f"SELECT {_COLUMNS} FROM action_batches"
    " WHERE batch_id = :batch_id AND stage = :stage FOR NO KEY UPDATE"
)
# Neither found stalled by the keeper, nor a part of a batch that was split.
IS_FRESH = "(looks = 0 AND attempted_at IS NULL)"
# The text of a move in its two parts, for the statements that add something to it.
SET_STAGE = (
    "UPDATE action_batches SET stage = :new, attempts = 0, looks = 0,"
    " updated_at = clock_timestamp(),"
    " next_look_at = clock_timestamp() + make_interval(secs => :quiet)"
)
IS_AT_STAGE = "batch_id = :batch_id AND stage = :old"
MOVE = f"{SET_STAGE} WHERE {IS_AT_STAGE}"
_MOVE = hot(MOVE)


def find_locked_batch(connection: Connection, *, batch_id: UUID, stage: Stage) -> Batch | None:
    """Lock the batch if it is at `stage`, until the transaction ends; otherwise return None."""
    row = connection.execute(_LOCK, {"batch_id": batch_id, "stage": stage}).one_or_none()
    return _batch(row) if row else None


def find_batch(connection: Connection, *, batch_id: UUID) -> Batch | None:
    """Return the batch without locking it, or None when there is none, or at an unknown stage."""
    row = connection.execute(_FIND, {"batch_id": batch_id}).one_or_none()
    return _batch(row) if row and row.stage in KNOWN_STAGES else None


def move_batch(connection: Connection, *, batch_id: UUID, link: Link) -> bool:
    """Move a batch from `link.before` to `link.after`; return False when it is not at `before`.

    Attempts and looks start again from zero.
    """
    moved = _MOVE.run(connection, move_parameters(batch_id, link))
    return bool(moved.rowcount == 1)


def divert_batch(connection: Connection, *, batch: Batch, stage: Stage) -> None:
    """Move a batch whose lock is held to a stage that its next link does not lead to."""
    _MOVE.run(connection, _move(batch.batch_id, batch.stage, stage))


def claim_due_batches(
    connection: Connection, *, limit: int, excluded_stages: Collection[Stage] = ()
) -> Sequence[Batch]:
    """Claim up to `limit` batches that are due for a look, oldest first.

    A claim moves the batch's next look: the pause doubles up to MAX_QUIET_SECONDS. A look that is
    farther away than that was set by a clock that was put back since, and is due. Batches at one
    of the `excluded_stages` are not claimed and stay due; those at unknown stages are left alone.
    """
    # MATERIALIZED: a subquery that the planner runs once per row would claim without a limit.
    rows = connection.execute(
        sql(
            "WITH stalled AS MATERIALIZED ("
            "   SELECT batch_id AS claimed_id FROM action_batches"
            f"   WHERE {IS_UNFINISHED} AND {IS_OPEN} AND (next_look_at <= clock_timestamp()"
            "     OR next_look_at > clock_timestamp() + make_interval(secs => :farthest))"
            "   AND stage <> ALL(:excluded)"
            "   ORDER BY next_look_at, created_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)"
            " UPDATE action_batches SET looks = least(looks + 1, 100),"
            " next_look_at = clock_timestamp() + make_interval("
            "   secs => least(:quiet * 2 ^ least(looks + 1, 8), :most))"
            " FROM stalled WHERE batch_id = claimed_id"
            f" RETURNING {_COLUMNS}"
        ),
        {
            "quiet": QUIET_SECONDS,
            "most": MAX_QUIET_SECONDS,
            # Clocks of statements differ by a moment.
            "farthest": MAX_QUIET_SECONDS + 1,
            "limit": limit,
            "excluded": list(excluded_stages),
        },
    ).all()
    return sorted((_batch(row) for row in rows), key=lambda batch: batch.created_at)


def move_parameters(batch_id: UUID, link: Link) -> dict[str, Any]:
    """Return the parameters of `MOVE` for a batch at `link.before`."""
    return _move(batch_id, link.before, link.after)


def _move(batch_id: UUID, old: Stage, new: Stage) -> dict[str, Any]:
    return {"batch_id": batch_id, "old": old, "new": new, "quiet": QUIET_SECONDS}


def _batch(row: Row[Any]) -> Batch:
    return Batch(
        batch_id=row.batch_id,
        stage=Stage(row.stage),
        attempts=row.attempts,
        looks=row.looks,
        reply_to=row.reply_to,
        created_at=row.created_at,
        is_suspect=row.is_suspect,
    )
