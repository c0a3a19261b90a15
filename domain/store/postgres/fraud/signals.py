"""SQL of the signals: whatever the checks of a batch need, read by one statement.

Profiles and play sessions are locked, in the order of their keys: of two batches with one player
the second waits for what the first learns.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from domain.clients.model import SEEN_WITHIN
from domain.fraud.model import Verdict
from domain.fraud.signals import PlaySession, Signal, Window, read_snoozed
from domain.store.postgres.stages import IS_PENDING
from domain.store.postgres.statements import HotStatement, hot

# Of a device or an address: counting more players than this tells nobody anything.
MOST_USERS = 256


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of whom and what the signals are read.

    `before` has by user the number of their first action in the batch; `pairs` the devices and
    addresses of the actions' clients, each with its user.
    """

    batch_id: UUID
    at: datetime
    before: Mapping[str, int]
    session_ids: Sequence[str] = ()
    pairs: Sequence[tuple[str, str]] = ()


@dataclass(slots=True)
class ReadSignals:
    """What was read. A user without earlier actions, or without a profile, is absent.

    `profiles` are texts, `users_by_subject` count up to MOST_USERS, `new_pairs` are those that
    nobody has seen yet, and `old_pairs` those that were last seen longer than SEEN_WITHIN ago.
    """

    windows: dict[str, Window] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    snoozed: dict[str, Mapping[str, int]] = field(default_factory=dict)
    sessions: dict[str, PlaySession] = field(default_factory=dict)
    users_by_subject: dict[str, int] = field(default_factory=dict)
    new_pairs: list[tuple[str, str]] = field(default_factory=list)
    old_pairs: list[tuple[str, str]] = field(default_factory=list)


_SCREENED = (
    "screened AS MATERIALIZED (SELECT * FROM"
    " unnest(CAST(:users AS uuid[]), CAST(:numbers AS bigint[])) t(user_id, before_no))"
)
# What is scored has a row, and what is not is in the arrays of its batch; no action is both but
# those that a decision has reopened, whose rows are pending, and those that one takes back.
_WINDOWS = (
    "SELECT 'window', CAST(t.user_id AS text), w.actions, CAST(w.score AS bigint), NULL, NULL"
    " FROM screened t CROSS JOIN LATERAL ("
    "   SELECT count(*) FILTER (WHERE a.created_at > :minute_before) actions,"
    "     sum(a.score_delta) score"
    "   FROM user_actions a"
    "   WHERE a.user_id = t.user_id AND a.action_no < t.before_no"
    "   AND a.created_at > :hour_before AND a.created_at <= :at"
    "   AND a.status NOT IN ('rejected', 'pending')"
    " ) w WHERE w.score IS NOT NULL"
    " UNION ALL"
    " SELECT 'window', CAST(t.user_id AS text),"
    "   count(*) FILTER (WHERE e.created_at > :minute_before), sum(e.score), NULL, NULL"
    # Set-returning functions in the list take a fraction of the time of a lateral join.
    " FROM (SELECT created_at, verdicts, unnest(user_ids) AS user_id,"
    "     unnest(action_nos) AS action_no, unnest(scores) AS score"
    f"   FROM action_batches WHERE {IS_PENDING} AND batch_id <> CAST(:batch_id AS uuid)"
    "   AND created_at > :hour_before AND created_at <= :at) e"
    " JOIN screened t ON t.user_id = e.user_id AND e.action_no < t.before_no"
    # The same again, looked up in a hash table before the join makes one of all that is pending.
    " WHERE e.user_id = ANY(CAST(:users AS uuid[])) AND (e.verdicts IS NULL OR"
    "  coalesce(e.verdicts -> CAST(e.action_no AS text) ->> 'verdict', '') NOT IN"
    f"    ('{Verdict.REJECT}', '{Verdict.VOID}', '{Verdict.HOLD}'))"
    " GROUP BY t.user_id"
)
# The lock is taken above the sort, so in its order.
_LOCKED_PROFILES = (
    "locked_profiles AS MATERIALIZED (SELECT p.user_id, p.profile, p.snoozed FROM player_profiles p"
    " WHERE p.user_id = ANY(CAST(:users AS uuid[])) ORDER BY p.user_id FOR NO KEY UPDATE)"
)
_PROFILES = (
    "SELECT 'profile', CAST(user_id AS text), NULL, NULL, profile, CAST(snoozed AS text)"
    " FROM locked_profiles"
)
# Without profiles: hardly any player has one, and there is an index of those.
_SNOOZED = (
    "SELECT 'profile', CAST(user_id AS text), NULL, NULL, NULL, CAST(snoozed AS text)"
    " FROM player_profiles WHERE user_id = ANY(CAST(:users AS uuid[])) AND snoozed IS NOT NULL"
)
_LOCKED_SESSIONS = (
    "locked_sessions AS MATERIALIZED (SELECT s.* FROM play_sessions s"
    " WHERE s.session_id = ANY(CAST(:sessions AS uuid[])) ORDER BY s.session_id FOR NO KEY UPDATE)"
)
_SESSIONS = (
    "SELECT 'session', CAST(session_id AS text),"
    " CAST(extract(epoch FROM started_at) * 1000000 AS bigint),"
    " CAST(extract(epoch FROM expires_at) * 1000000 AS bigint), CAST(json_build_array(user_id,"
    " CAST(extract(epoch FROM ended_at) * 1000000 AS bigint), claimed_ms, last_device, switches)"
    " AS text), NULL FROM locked_sessions"
)
_SIGHTINGS = (
    "SELECT 'users', CAST(t.wanted AS text), n, NULL, NULL, NULL"
    " FROM unnest(CAST(:subjects AS uuid[])) t(wanted) CROSS JOIN LATERAL (SELECT count(*) n FROM"
    f" (SELECT 1 FROM client_sightings c WHERE c.subject = t.wanted LIMIT {MOST_USERS}) seen) s"
    " UNION ALL"
    " SELECT CASE WHEN c.subject IS NULL THEN 'new' ELSE 'old' END, CAST(t.subject AS text),"
    "   NULL, NULL, CAST(t.user_id AS text), NULL"
    " FROM unnest(CAST(:seen AS uuid[]), CAST(:by AS uuid[])) t(subject, user_id)"
    " LEFT JOIN client_sightings c ON c.subject = t.subject AND c.user_id = t.user_id"
    " WHERE c.subject IS NULL"
    f"  OR c.seen_at < now() - make_interval(days => {SEEN_WITHIN.days})"
)


@functools.lru_cache(maxsize=32)
def _statement(needs: frozenset[Signal]) -> HotStatement:
    """Return the statement that reads these; each part only when it is needed."""
    common, parts = [], []
    if Signal.PROFILE in needs:
        common, parts = [_LOCKED_PROFILES], [_PROFILES]
    else:
        parts = [_SNOOZED]
    if Signal.PLAY_SESSION in needs:
        common.append(_LOCKED_SESSIONS)
        parts.append(_SESSIONS)
    if Signal.WINDOW in needs:
        common.append(_SCREENED)
        parts.append(_WINDOWS)
    if Signal.SIGHTINGS in needs:
        parts.append(_SIGHTINGS)
    first = f"WITH {', '.join(common)} " if common else ""
    return hot(first + " UNION ALL ".join(parts))


def read_signals(
    connection: Connection, *, needs: frozenset[Signal], wanted: Wanted
) -> ReadSignals:
    """Read what is needed; of a window over the user's actions numbered below `before[user]`.

    Pending actions of other batches count and rejected ones do not, whether they are scored yet or
    not. Raises DatabaseLockedError when another transaction keeps a profile or a session.
    """
    read = ReadSignals()
    pairs = {"new": read.new_pairs, "old": read.old_pairs}
    cursor = _statement(needs & _READ).run(connection, _parameters(wanted))
    for kind, key, first, second, text, more in cursor.fetchall():
        if kind == "window":
            window = read.windows.setdefault(key, Window())
            window.actions_last_minute += first
            window.score_last_hour += int(second)
        elif kind == "profile":
            if text is not None:
                read.profiles[key] = text
            if more is not None:
                read.snoozed[key] = read_snoozed(more)
        elif kind == "session":
            read.sessions[key] = PlaySession(key, *_read_session(first, second, text))
        elif kind == "users":
            read.users_by_subject[key] = first
        else:
            pairs[kind].append((key, text))
    return read


_READ = frozenset({Signal.WINDOW, Signal.PROFILE, Signal.PLAY_SESSION, Signal.SIGHTINGS})


def _parameters(wanted: Wanted) -> dict[str, Any]:
    pairs = wanted.pairs
    return {
        "batch_id": wanted.batch_id,
        "users": list(wanted.before),
        "numbers": list(wanted.before.values()),
        "at": wanted.at,
        "minute_before": wanted.at - timedelta(minutes=1),
        "hour_before": wanted.at - timedelta(hours=1),
        "sessions": list(wanted.session_ids),
        "subjects": list({subject for subject, _ in pairs}),
        "seen": [subject for subject, _ in pairs],
        "by": [user_id for _, user_id in pairs],
    }


def _read_session(started_us: int, expires_us: int, text: str) -> tuple[Any, ...]:
    user_id, ended_us, claimed_ms, last_device, switches = orjson.loads(text)
    return user_id, started_us, expires_us, ended_us, claimed_ms, last_device, switches
