"""SQL of scoring: the atomic update of one batch's actions, scores and statistics."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from domain.actions.effects import Effects, Score, ScreenedAction
from domain.actions.model import Status
from domain.fraud.model import Verdict
from domain.store.postgres.statements import prepared, sql

_STATUS_BY_VERDICT = {
    Verdict.PASS: Status.APPLIED,
    Verdict.QUARANTINE: Status.QUARANTINED,
    Verdict.REJECT: Status.REJECTED,
}


def list_screened_actions(
    connection: Connection, *, batch_id: UUID, created_at: datetime
) -> list[ScreenedAction]:
    """Return the batch's pending actions with their verdicts, in order of action_no.

    Raises KeyError for an action without a verdict: left out, it would stay pending forever.
    """
    rows = connection.execute(
        prepared(
            "SELECT CAST(a.action_id AS text), a.action_no, CAST(a.user_id AS text),"
            " a.score_delta, a.created_at, c.verdict, c.reason"
            " FROM user_actions a LEFT JOIN action_checks c"
            " ON c.action_id = a.action_id AND c.created_at = a.created_at"
            " AND c.created_at = :created_at"
            " WHERE a.batch_id = :batch_id AND a.created_at = :created_at"
            " AND a.status = 'pending' ORDER BY a.action_no"
        ),
        {"batch_id": batch_id, "created_at": created_at},
    )
    return [
        ScreenedAction(action_id, number, user_id, score, at, _STATUS_BY_VERDICT[verdict], reason)
        for action_id, number, user_id, score, at, verdict, reason in rows
    ]


def lock_scores(connection: Connection, *, user_ids: Sequence[str]) -> dict[str, Score]:
    """Lock these users' score rows in order of their ids and return them."""
    rows = connection.execute(
        prepared(
            "SELECT CAST(user_id AS text), score, reached_seq FROM user_scores"
            " WHERE user_id = ANY(CAST(:ids AS uuid[])) ORDER BY user_id FOR NO KEY UPDATE"
        ),
        {"ids": list(user_ids)},
    )
    return {user_id: Score(score, reached_seq) for user_id, score, reached_seq in rows}


def list_lockable_players(connection: Connection, *, user_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Lock the score rows of these users that no other transaction has locked; never waits."""
    rows = connection.execute(
        sql(
            "SELECT user_id FROM user_scores WHERE user_id = ANY(CAST(:ids AS uuid[]))"
            " ORDER BY user_id FOR NO KEY UPDATE SKIP LOCKED"
        ),
        {"ids": [str(user_id) for user_id in user_ids]},
    )
    return frozenset(rows.scalars())


# Three independent writes. The lock on a user's score covers the statistics too. Not
# `prepared`, because it updates a partitioned table.
_WRITE = sql("""
WITH marked AS (
    UPDATE user_actions a SET status = t.status, reason = t.reason,
        previous_score = t.previous, new_score = t.new, version = a.version + 1,
        completed_at = clock_timestamp()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:reasons AS text[]),
        CAST(:previous AS bigint[]), CAST(:new AS bigint[]))
        AS t(action_id, status, reason, previous, new)
    WHERE a.action_id = t.action_id AND a.created_at = :created_at AND a.status = 'pending'
    RETURNING 1
), changes AS (
    SELECT * FROM unnest(CAST(:users AS uuid[]), CAST(:scores AS bigint[]),
        CAST(:reached AS bigint[]), CAST(:counts AS integer[]),
        CAST(:first AS timestamptz[]), CAST(:last AS timestamptz[]))
        AS t(user_id, score, reached_seq, actions, first_at, last_at)
), scored AS (
    UPDATE user_scores s SET score = c.score, reached_seq = c.reached_seq,
        version = s.version + 1, last_updated = clock_timestamp()
    FROM changes c WHERE s.user_id = c.user_id
), counted AS (
    INSERT INTO user_stats AS s (user_id, total_actions, first_action, last_action)
    SELECT user_id, actions, first_at, last_at FROM changes ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET
        total_actions = s.total_actions + excluded.total_actions,
        first_action = least(s.first_action, excluded.first_action),
        last_action = greatest(s.last_action, excluded.last_action)
)
SELECT count(*) FROM marked
""")


def write_effects(connection: Connection, *, created_at: datetime, effects: Effects) -> int:
    """Write statuses, scores and statistics; return how many actions were still pending.

    The caller holds the locks of the scores, and rolls back when fewer were pending than effects.
    """
    actions, changes = effects.actions, effects.users
    marked: int = connection.execute(
        _WRITE,
        {
            "created_at": created_at,
            "ids": [effect.action_id for effect in actions],
            "statuses": [effect.status.value for effect in actions],
            "reasons": [effect.reason for effect in actions],
            "previous": [effect.previous_score for effect in actions],
            "new": [effect.new_score for effect in actions],
            "users": [change.user_id for change in changes],
            "scores": [change.score.score for change in changes],
            "reached": [change.score.reached_seq for change in changes],
            "counts": [change.applied_actions for change in changes],
            "first": [change.first_at.isoformat() for change in changes],
            "last": [change.last_at.isoformat() for change in changes],
        },
    ).scalar_one()
    return marked
