"""SQL of reversals: an applied action becomes voided or held, and its player's score follows.

Called by `domain/actions/reversal.py`, in a transaction that holds the locks of the batch and of
the score.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.actions.chain import SCORE
from domain.actions.effects import Effect, Score
from domain.store.postgres.actions.batches import QUIET_SECONDS
from domain.store.postgres.actions.entries import encode_outcomes
from domain.store.postgres.actions.scoring import LockedEntry
from domain.store.postgres.statements import sql


class Statistics(NamedTuple):
    """A player's score, of a banned one too, and the statistics over the applied actions."""

    score: Score
    actions: int
    first_at: datetime | None
    last_at: datetime | None


def read_statistics(connection: Connection, *, user_id: UUID) -> Statistics:
    """Return the player's score and statistics."""
    score, reached, *rest = connection.execute(
        sql(
            "SELECT score, coalesce(reached_seq, nullif(withheld_seq, 0)), total_actions,"
            " first_action, last_action FROM user_scores WHERE user_id = :user_id"
        ),
        {"user_id": user_id},
    ).one()
    return Statistics(Score(score, reached), *rest)


# A banned player is on no board, before and after it. The action's month is named, because an
# UPDATE that may be of any month waits for the one that is being archived.
_WRITE = """
WITH batch AS (
    UPDATE action_batches SET stage = :stage, attempts = 0, looks = 0,
        updated_at = statement_timestamp(), scored_at = statement_timestamp(),
        next_look_at = statement_timestamp() + make_interval(secs => :quiet), outcomes = :outcomes,
        rankings = CAST(:rankings AS bigint[])
    WHERE batch_id = :batch_id
    RETURNING verdicts -> CAST(CAST(:action_no AS bigint) AS text) AS found
), scored AS (
    UPDATE user_scores s SET score = :score,
        reached_seq = CASE WHEN s.withheld_seq IS NULL THEN CAST(:reached AS bigint) END,
        withheld_seq = CASE WHEN s.withheld_seq IS NOT NULL
            THEN coalesce(CAST(:reached AS bigint), 0) END,
        version = s.version + 1, last_updated = statement_timestamp(), total_actions = :actions,
        first_action = :first_at, last_action = :last_at
    WHERE s.user_id = CAST(:user_id AS uuid)
)
UPDATE user_actions a SET status = :status, version = a.version + 1, reason = :reason,
    previous_score = :previous, new_score = :new, completed_at = statement_timestamp(),
    batch_id = :batch_id, verdict = b.found ->> 'verdict',
    verdict_reason = b.found ->> 'reason', checks = b.found -> 'checks', uncounted = NULL
FROM batch b
WHERE a.user_id = CAST(:user_id AS uuid) AND a.action_no = :action_no
    AND a.created_at = :created_at AND a.status = 'applied' AND a.version = :version
"""


def write_reversal(
    connection: Connection,
    *,
    entry: LockedEntry,
    created_at: datetime,
    effect: Effect,
    left: Statistics,
    rankings: list[int],
) -> bool:
    """Turn the batch's one action, write what is left of the score, and move the batch to SCORED.

    False when another transaction has changed the action; the caller rolls back then.
    """
    (action,), (version,) = entry.actions, entry.versions or [0]
    written = connection.execute(
        sql(_WRITE),
        {
            "batch_id": entry.batch_id,
            "stage": SCORE.after,
            "quiet": QUIET_SECONDS,
            "outcomes": encode_outcomes([(*effect, version + 1)]),
            "rankings": rankings or None,
            "user_id": action.user_id,
            "action_no": action.action_no,
            "created_at": created_at,
            "version": version,
            "status": effect.status,
            "reason": effect.reason,
            "previous": effect.previous_score,
            "new": effect.new_score,
            "score": left.score.score,
            "reached": left.score.reached_seq,
            "actions": left.actions,
            "first_at": left.first_at,
            "last_at": left.last_at,
        },
    )
    return written.rowcount == 1
