"""SQL of attempts at the links that an action can poison, and of which of them count.

Called by `domain/actions/recovery.py`.
"""

from uuid import UUID

from sqlalchemy import Connection

from domain.actions.chain import CHAIN, Link, Stage, list_passed_stages
from domain.store.postgres.actions.batches import QUIET_SECONDS, Batch
from domain.store.postgres.stages import stage_in
from domain.store.postgres.statements import prepared, sql

# So many others that fail at the same link are an illness of the system. Fewer may be poison sent
# at once, on a system without other traffic that could show that they fail alone.
EPIDEMIC_BATCHES = 5

# Who holds the row is at work on the batch: an attempt beside that one would only wait for it.
_IS_FREE = "batch_id = :batch_id AND stage = :stage FOR NO KEY UPDATE SKIP LOCKED"


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
# An attempt that is not the first to count is followed by a look soon: if it failed, that decides.
_BEGIN = {
    link: prepared(
        "WITH mine AS MATERIALIZED (SELECT batch_id, CASE WHEN attempts = 0 THEN 1"
        f"   WHEN {_last_attempt_counts(link)} THEN least(attempts + 1, 1000)"
        "    ELSE attempts END AS counted"
        f"  FROM action_batches b WHERE {_IS_FREE})"
        " UPDATE action_batches b SET attempts = counted, attempted_at = clock_timestamp(),"
        " next_look_at = CASE WHEN b.attempts BETWEEN 1 AND counted - 1 THEN"
        "   least(next_look_at, clock_timestamp() + make_interval(secs => :quiet))"
        "   ELSE next_look_at END"
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
_FORGET = sql(
    "UPDATE action_batches SET attempts = 0,"
    # Not suspect any more; a part that no look has found must not be taken for a new batch.
    " attempted_at = CASE WHEN looks = 0 THEN attempted_at END"
    f" WHERE batch_id IN (SELECT batch_id FROM action_batches WHERE {_IS_FREE})"
)


def begin_attempt(connection: Connection, *, batch_id: UUID, link: Link) -> bool:
    """Count an attempt at a counted link, and the one before it if that speaks against the batch.

    Return False when the batch is not at `link.before`, or when another process is at work on it.
    """
    parameters = {"batch_id": batch_id, "stage": link.before, "quiet": QUIET_SECONDS}
    return connection.execute(_BEGIN[link], parameters).rowcount == 1


def last_attempt_counts(connection: Connection, *, batch: Batch) -> bool:
    """Return whether the last attempt speaks against this batch at a counted stage.

    It does not while EPIDEMIC_BATCHES others failed there too and none has passed since.
    """
    counts = connection.execute(_COUNTS[batch.stage], {"batch_id": batch.batch_id}).scalar()
    return bool(counts)


def forget_attempts(connection: Connection, *, batch_id: UUID, stage: Stage) -> None:
    """Forget all attempts, unless the batch is at another stage or another process is at work."""
    connection.execute(_FORGET, {"batch_id": batch_id, "stage": stage})
