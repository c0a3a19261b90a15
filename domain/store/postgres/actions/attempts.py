"""SQL of attempts at the links that an action can poison, and of which of them count.

Called by `domain/actions/recovery.py`.
"""

from uuid import UUID

from sqlalchemy import Connection

from domain.actions.chain import CHAIN, Link, Stage, list_passed_stages
from domain.store.postgres.actions.batches import Batch
from domain.store.postgres.stages import stage_in
from domain.store.postgres.statements import prepared, sql

# So many others that fail at the same link are an illness of the system. Fewer may be poison sent
# at once, on a system without other traffic that could show that they fail alone.
EPIDEMIC_BATCHES = 5

# Who holds the row is at work on the batch: an attempt beside that one would only wait for it.
_UNLOCKED = (
    "SELECT batch_id FROM action_batches"
    " WHERE batch_id = :batch_id AND stage = :stage FOR NO KEY UPDATE SKIP LOCKED"
)


def _last_attempt_counts(link: Link) -> str:
    """Return the condition that the last attempt of the batch `b` at `link` speaks against it.

    It does not while EPIDEMIC_BATCHES others are in the same state and none has passed the link
    since.
    """
    # Without a look of the keeper it may be at work on its first attempt.
    failing = (
        "SELECT 1 FROM action_batches o WHERE o.stage = b.stage AND o.attempts > 0"
        f" AND o.looks > 0 AND o.batch_id <> b.batch_id LIMIT {EPIDEMIC_BATCHES}"
    )
    passed = (
        "SELECT 1 FROM action_batches o WHERE o.updated_at > b.attempted_at"
        f" AND (o.stage = '{link.after}' OR o.created_at > b.attempted_at"
        f" AND {stage_in((*list_passed_stages(link), CHAIN[-1].after), 'o.stage')})"
    )
    is_alone = f"(SELECT count(*) FROM ({failing}) few) < {EPIDEMIC_BATCHES}"
    return f"({is_alone} OR EXISTS ({passed}))"


# The sub-queries are run for a second attempt only: the first costs what a plain UPDATE does.
_BEGIN = {
    link: prepared(
        f"WITH mine AS MATERIALIZED ({_UNLOCKED})"
        " UPDATE action_batches b SET attempts = CASE WHEN b.attempts = 0 THEN 1"
        f" WHEN {_last_attempt_counts(link)} THEN least(b.attempts + 1, 1000)"
        " ELSE b.attempts END, attempted_at = clock_timestamp()"
        " FROM mine WHERE b.batch_id = mine.batch_id"
    )
    for link in CHAIN
    if link.is_counted
}
_COUNTS = {
    link.before: sql(
        f"SELECT {_last_attempt_counts(link)} FROM action_batches b WHERE b.batch_id = :batch_id"
    )
    for link in CHAIN
    if link.is_counted
}
_FORGET = sql(f"UPDATE action_batches SET attempts = 0 WHERE batch_id IN ({_UNLOCKED})")


def begin_attempt(connection: Connection, *, batch_id: UUID, link: Link) -> bool:
    """Count an attempt at a counted link, and the one before it if that speaks against the batch.

    Return False when the batch is not at `link.before`, or when another process is at work on it.
    """
    begun = connection.execute(_BEGIN[link], {"batch_id": batch_id, "stage": link.before})
    return begun.rowcount == 1


def last_attempt_counts(connection: Connection, *, batch: Batch) -> bool:
    """Return whether the last attempt speaks against this batch at a counted stage.

    It does not while EPIDEMIC_BATCHES others failed there too and none has passed since.
    """
    counts = connection.execute(_COUNTS[batch.stage], {"batch_id": batch.batch_id}).scalar()
    return bool(counts)


def forget_attempts(connection: Connection, *, batch_id: UUID, stage: Stage) -> None:
    """Forget all attempts, unless the batch is at another stage or another process is at work."""
    connection.execute(_FORGET, {"batch_id": batch_id, "stage": stage})
