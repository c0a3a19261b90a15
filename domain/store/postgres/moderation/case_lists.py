"""SQL of lists of cases, and of what is held of one player."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.store.postgres.stages import IS_HELD
from domain.store.postgres.statements import sql

# Of a player with very many held actions so many are counted: a list must not read all of them.
MOST_HELD = 1000


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case with what is held of its player now, at most MOST_HELD actions."""

    case_id: UUID
    user_id: UUID
    username: str
    state: str
    opened_at: datetime
    last_signal_at: datetime
    closed_at: datetime | None
    claimed_by: str | None
    claimed_at: datetime | None
    claimer_name: str | None
    held_actions: int
    held_score: int
    reasons: Mapping[str, int]
    open_appeals: int


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases to list: in this state, of this player, with an action held for this reason.

    `claimed` is `mine`, `others` or `none`, None for all: by whom a claim from after
    `claims_since` is, seen by `viewer`.
    """

    state: str
    user_id: UUID | None
    reason: str | None
    claimed: str | None
    viewer: str
    claims_since: datetime


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A held action."""

    action_id: UUID
    action_no: int
    score: int
    reason: str | None
    action_type: str | None
    timestamp: datetime | None
    accepted_at: datetime
    checks: Mapping[str, Any] | None
    policy_no: int | None


CasePlace = tuple[datetime, UUID]
"""Last signal and id of a case: its place in a list."""

# The page first, so that nothing is counted for cases that are not on it.
_WITH_PAGE = f"""
SELECT c.case_id, c.user_id, u.username, c.state, c.opened_at, c.last_signal_at, c.closed_at,
    c.claimed_by, c.claimed_at, n.username AS claimer_name, h.actions, h.score, h.reasons, p.appeals
FROM page c
JOIN users u ON u.user_id = c.user_id
LEFT JOIN users n
    ON n.user_id = CASE WHEN c.claimed_by NOT LIKE '%:%' THEN CAST(c.claimed_by AS uuid) END
CROSS JOIN LATERAL (
    SELECT CAST(coalesce(sum(r.actions), 0) AS bigint) AS actions,
        CAST(coalesce(sum(r.score), 0) AS bigint) AS score,
        coalesce(jsonb_object_agg(r.reason, r.actions), '{{}}') AS reasons
    FROM (
        SELECT reason, count(*) AS actions, sum(score_delta) AS score
        FROM (SELECT coalesce(reason, '') AS reason, score_delta FROM user_actions
            WHERE user_id = c.user_id AND {IS_HELD} AND c.state = 'open'
            ORDER BY action_no LIMIT {MOST_HELD}) held
        GROUP BY reason) r
) h
CROSS JOIN LATERAL (
    SELECT count(*) AS appeals FROM appeals
    WHERE user_id = c.user_id AND state = 'open' AND c.state = 'open'
) p
ORDER BY c.last_signal_at DESC, c.case_id DESC
"""
_LIST = f"""
WITH page AS MATERIALIZED (
    SELECT * FROM moderation_cases c
    WHERE c.state = :state
    AND (CAST(:user_id AS uuid) IS NULL OR c.user_id = CAST(:user_id AS uuid))
    AND (CAST(:reason AS text) IS NULL OR EXISTS (SELECT 1 FROM user_actions
        WHERE user_id = c.user_id AND {IS_HELD} AND reason = CAST(:reason AS text)))
    AND CASE CAST(:claimed AS text)
        WHEN 'mine' THEN c.claimed_by = :viewer AND c.claimed_at > :since
        WHEN 'others' THEN c.claimed_by <> :viewer AND c.claimed_at > :since
        WHEN 'none' THEN c.claimed_at IS NULL OR c.claimed_at <= :since
        ELSE true END
    AND (CAST(:at AS timestamptz) IS NULL
        OR (c.last_signal_at, c.case_id) < (CAST(:at AS timestamptz), CAST(:after AS uuid)))
    ORDER BY c.last_signal_at DESC, c.case_id DESC LIMIT :limit
) {_WITH_PAGE}
"""
_ONE = f"""
WITH page AS MATERIALIZED (SELECT * FROM moderation_cases WHERE case_id = :case_id) {_WITH_PAGE}
"""
_HELD = f"""
SELECT action_id, action_no, score_delta, reason, action_type, timestamp, created_at, checks,
    policy_no
FROM user_actions WHERE user_id = :user_id AND {IS_HELD}
ORDER BY action_no DESC LIMIT :limit
"""


def list_cases(
    connection: Connection, *, wanted: CaseFilter, after: CasePlace | None, limit: int
) -> list[CaseRow]:
    """Return cases with the newest signal first, those behind `after`."""
    rows = connection.execute(
        sql(_LIST),
        {
            "state": wanted.state,
            "user_id": wanted.user_id,
            "reason": wanted.reason,
            "claimed": wanted.claimed,
            "viewer": wanted.viewer,
            "since": wanted.claims_since,
            "at": after[0] if after else None,
            "after": after[1] if after else None,
            "limit": limit,
        },
    )
    return [CaseRow(*row) for row in rows]


def find_case(connection: Connection, *, case_id: UUID) -> CaseRow | None:
    """Return one case, or None."""
    row = connection.execute(sql(_ONE), {"case_id": case_id}).one_or_none()
    return CaseRow(*row) if row else None


def list_held_of(connection: Connection, *, user_id: UUID, limit: int) -> list[HeldRow]:
    """Return what is held of a player, the newest first."""
    rows = connection.execute(sql(_HELD), {"user_id": user_id, "limit": limit})
    return [HeldRow(*row) for row in rows]
