"""SQL of stored actions as the checks saw them, and of what was decided, for trials of policies.

Reads the months that are not archived. Called by `domain/fraud/trials`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.actions.model import Status
from domain.fraud.candidate import Candidate, Client
from domain.fraud.signals import PlaySession
from domain.store.postgres.fraud.play_facts import DURATION_MS, SESSION_ID
from domain.store.postgres.statements import sql

FETCHED_ROWS = 2_000


class JudgedAction(NamedTuple):
    """A stored action: its status, its reason, and the last decision of a reviewer, if any."""

    candidate: Candidate
    status: Status
    reason: str | None
    decision: str | None


class Score(NamedTuple):
    """A player's place on the global board."""

    user_id: UUID
    username: str
    score: int


_US = "CAST(extract(epoch FROM {}) * 1000000 AS bigint)"
_JUDGED = (
    "SELECT a.action_no, CAST(a.action_id AS text), CAST(a.user_id AS text), a.score_delta,"
    f" {_US.format('a.created_at')}, {_US.format('a.timestamp')}, a.action_type,"
    f" {SESSION_ID}, {DURATION_MS}, coalesce(a.step_up, 0), a.status, a.reason,"
    " a.checks -> 'review' ->> 'decision', c.client_no, CAST(c.device AS text), c.names_device,"
    " CAST(c.address AS text), c.country, c.latitude, c.longitude, c.is_hosting"
    " FROM (SELECT *, metadata AS m FROM user_actions) a"
    " LEFT JOIN clients c ON c.client_no = a.client_no"
    " WHERE a.created_at >= :since AND a.created_at < :until AND a.status <> 'pending'"
    " ORDER BY a.action_no"
)


def iterate_judged(
    connection: Connection, *, since: datetime, until: datetime
) -> Iterator[JudgedAction]:
    """Yield the actions that intake took in this time, in the order of their numbers."""
    rows = connection.execution_options(stream_results=True, yield_per=FETCHED_ROWS).execute(
        sql(_JUDGED), {"since": since, "until": until}
    )
    for row in rows:
        yield _judged(tuple(row))


def _judged(row: Sequence[Any]) -> JudgedAction:
    number, action_id, user_id, score, accepted_us, timestamp_us, kind, *rest = row
    session_id, duration_ms, step_up, status, reason, decision, *client = rest
    candidate = Candidate(
        number,
        action_id,
        user_id,
        score,
        accepted_us,
        timestamp_us,
        # One that did not hold its id was rejected for it.
        reason != "DUPLICATE_ACTION",
        kind,
        Client(*client) if client[0] is not None else None,
        session_id and session_id.lower(),
        duration_ms,
        step_up,
    )
    return JudgedAction(candidate, Status(status), reason, decision)


def list_play_sessions(
    connection: Connection, *, since: datetime, until: datetime
) -> dict[str, PlaySession]:
    """Return the play sessions that were open in this time, as they were when they began."""
    rows = connection.execute(
        sql(
            f"SELECT CAST(session_id AS text), CAST(user_id AS text), {_US.format('started_at')},"
            f" {_US.format('expires_at')}, {_US.format('ended_at')} FROM play_sessions"
            " WHERE started_at < :until AND expires_at >= :since"
        ),
        {"since": since, "until": until},
    )
    return {row[0]: PlaySession(*row) for row in rows}


def list_first(connection: Connection, *, limit: int) -> list[Score]:
    """Return the first players of the global board."""
    rows = connection.execute(
        sql(
            "SELECT s.user_id, u.username, s.score FROM user_scores s"
            " JOIN users u ON u.user_id = s.user_id WHERE s.reached_seq IS NOT NULL"
            " ORDER BY s.score DESC, s.reached_seq, s.user_id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [Score(*row) for row in rows]


class ShadowCount(NamedTuple):
    """How many actions the live policy and the shadow judged so."""

    live_verdict: str
    shadow_verdict: str
    shadow_reason: str | None
    actions: int
    users: int
    example: UUID


def count_shadow(
    connection: Connection, *, policy_no: int, since: datetime
) -> tuple[int, list[ShadowCount]]:
    """Return how many actions were screened since then, and those that the shadow saw otherwise."""
    total = connection.execute(
        sql("SELECT count(*) FROM user_actions WHERE created_at >= :since"), {"since": since}
    ).scalar_one()
    rows = connection.execute(
        sql(
            "SELECT verdict, checks -> 'shadow' ->> 'verdict', checks -> 'shadow' ->> 'reason',"
            " count(*), count(DISTINCT user_id), (array_agg(action_id ORDER BY action_no DESC))[1]"
            " FROM user_actions WHERE created_at >= :since AND checks ? 'shadow'"
            " AND (checks -> 'shadow' ->> 'policy')::integer = :policy"
            " GROUP BY 1, 2, 3 ORDER BY 4 DESC"
        ),
        {"since": since, "policy": policy_no},
    )
    return total, [ShadowCount(*row) for row in rows]
