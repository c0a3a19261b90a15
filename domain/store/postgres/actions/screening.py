"""SQL of screening: a batch's candidates, their players' windows, and the stored verdicts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.fraud.checks import ALL_PASSED
from domain.fraud.model import Screening, Verdict
from domain.fraud.signals import Candidate, Window
from domain.store.postgres.statements import prepared

# In the place of a verdict in rows that were written before the action was screened: when it
# failed earlier. The screening of a retry replaces it.
OPEN_VERDICT = "open"
_ALL_PASSED_TEXT = orjson.dumps(dict(ALL_PASSED)).decode()


def list_candidates(
    connection: Connection, *, batch_id: UUID, created_at: datetime
) -> list[Candidate]:
    """Return the batch's pending actions in order of action_no."""
    rows = connection.execute(
        prepared(
            "SELECT CAST(a.action_id AS text), a.action_no, CAST(a.user_id AS text),"
            " a.score_delta, a.timestamp, a.created_at, coalesce(i.action_no = a.action_no, false)"
            " FROM user_actions a LEFT JOIN action_ids i ON i.action_id = a.action_id"
            " WHERE a.batch_id = :batch_id AND a.created_at = :created_at"
            " AND a.status = 'pending' ORDER BY a.action_no"
        ),
        {"batch_id": batch_id, "created_at": created_at},
    )
    return [Candidate(*row) for row in rows]


def read_windows(
    connection: Connection, *, before: Mapping[str, int], at: datetime
) -> dict[str, Window]:
    """Return each user's window at `at` over the actions numbered below `before[user]`.

    Pending actions count and rejected ones do not, whether they are scored yet or not. A user
    without earlier actions is absent.
    """
    rows = connection.execute(
        prepared(
            "SELECT CAST(t.user_id AS text), w.actions, w.score"
            " FROM unnest(CAST(:users AS uuid[]), CAST(:numbers AS bigint[])) t(user_id, before_no)"
            " CROSS JOIN LATERAL ("
            "   SELECT count(*) FILTER (WHERE a.created_at > :minute_before) actions,"
            "     sum(a.score_delta) score"
            "   FROM user_actions a"
            "   WHERE a.user_id = t.user_id AND a.action_no < t.before_no"
            "   AND a.created_at > :hour_before AND a.created_at <= :at"
            "   AND a.status <> 'rejected'"
            # Only the verdicts of pending actions are looked up: a join would look up all.
            "   AND (a.status <> 'pending' OR NOT EXISTS (SELECT 1 FROM action_checks c"
            "     WHERE c.action_id = a.action_id AND c.created_at = a.created_at"
            "     AND c.created_at > :hour_before AND c.created_at <= :at"
            f"     AND c.verdict = '{Verdict.REJECT}'))"
            " ) w WHERE w.score IS NOT NULL"
        ),
        {
            "users": list(before),
            "numbers": list(before.values()),
            "at": at,
            "minute_before": at - timedelta(minutes=1),
            "hour_before": at - timedelta(hours=1),
        },
    )
    return {user_id: Window(actions, int(score)) for user_id, actions, score in rows}


def insert_screenings(
    connection: Connection, *, created_at: datetime, screenings: Sequence[Screening]
) -> None:
    """Store the verdicts; an action that has one already keeps it, unless it is OPEN_VERDICT.

    A quarantined action then needs a review.
    """
    connection.execute(
        prepared(
            "INSERT INTO action_checks"
            " (action_id, created_at, verdict, reason, checks, needs_review)"
            " SELECT i, CAST(:created_at AS timestamptz), v, r, CAST(c AS jsonb),"
            f" v = '{Verdict.QUARANTINE}'"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:verdicts AS text[]),"
            " CAST(:reasons AS text[]), CAST(:checks AS text[])) AS t(i, v, r, c)"
            " ON CONFLICT (action_id, created_at) DO UPDATE SET verdict = EXCLUDED.verdict,"
            " reason = EXCLUDED.reason, checks = EXCLUDED.checks || action_checks.checks,"
            " needs_review = EXCLUDED.needs_review"
            " WHERE action_checks.verdict = :open"
        ),
        {
            "created_at": created_at,
            "open": OPEN_VERDICT,
            "ids": [screening.action_id for screening in screenings],
            "verdicts": [str(screening.verdict) for screening in screenings],
            "reasons": [screening.reason for screening in screenings],
            "checks": [_render(screening.checks) for screening in screenings],
        },
    )


def _render(checks: Mapping[str, Any]) -> str:
    # Nearly every action passes every check, with one object as its outcomes.
    return _ALL_PASSED_TEXT if checks is ALL_PASSED else orjson.dumps(dict(checks)).decode()
