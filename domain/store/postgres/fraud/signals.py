"""SQL of the signals: whatever the checks of a batch need, read by one statement.

Profiles are locked, in the order of their keys: of two batches with one player the second waits for
what the first learns, of the player's play sessions too.
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
from domain.fraud.signals import (
    PlaySession,
    PlayState,
    Signal,
    Window,
    read_play_state,
    read_snoozed,
)
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

    `profiles` are texts, `play_states` what is kept with them; sessions go on from there if it is
    theirs. `users_by_subject` count up to MOST_USERS, `new_pairs` are those that
    nobody has seen yet, and `old_pairs` those that were last seen longer than SEEN_WITHIN ago.
    """

    windows: dict[str, Window] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    snoozed: dict[str, Mapping[str, int]] = field(default_factory=dict)
    play_states: dict[str, PlayState] = field(default_factory=dict)
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
    "SELECT 'window', CAST(t.user_id AS text), w.actions, CAST(w.score AS bigint), NULL, NULL,"
    " NULL"
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
    "   count(*) FILTER (WHERE e.created_at > :minute_before), sum(e.score), NULL, NULL, NULL"
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
    "locked_profiles AS MATERIALIZED (SELECT p.user_id, p.profile, p.snoozed, p.play_session"
    " FROM player_profiles p WHERE p.user_id = ANY(CAST(:users AS uuid[]))"
    " ORDER BY p.user_id FOR NO KEY UPDATE)"
)
_PROFILES = (
    "SELECT 'profile', CAST(user_id AS text), NULL, NULL, profile, CAST(snoozed AS text),"
    " play_session"
    " FROM locked_profiles"
)
# Without profiles: hardly any player has one, and there is an index of those.
_SNOOZED = (
    "SELECT 'profile', CAST(user_id AS text), NULL, NULL, NULL, CAST(snoozed AS text), NULL"
    " FROM player_profiles WHERE user_id = ANY(CAST(:users AS uuid[])) AND snoozed IS NOT NULL"
)
_SESSIONS = (
    "SELECT 'session', CAST(session_id AS text),"
    " CAST(extract(epoch FROM started_at) * 1000000 AS bigint),"
    " CAST(extract(epoch FROM expires_at) * 1000000 AS bigint), CAST(json_build_array(user_id,"
    " CAST(extract(epoch FROM ended_at) * 1000000 AS bigint), claimed_ms, last_device, switches)"
    " AS text), NULL, NULL FROM play_sessions WHERE session_id = ANY(CAST(:sessions AS uuid[]))"
)
_LEFT_SESSIONS = hot(_SESSIONS)
_OTHERS_STATES = hot(
    "SELECT CAST(user_id AS text), play_session FROM player_profiles"
    " WHERE user_id = ANY(CAST(:users AS uuid[])) AND play_session IS NOT NULL"
)
_SIGHTINGS = (
    "SELECT 'users', CAST(t.wanted AS text), n, NULL, NULL, NULL, NULL"
    " FROM unnest(CAST(:subjects AS uuid[])) t(wanted) CROSS JOIN LATERAL (SELECT count(*) n FROM"
    f" (SELECT 1 FROM client_sightings c WHERE c.subject = t.wanted LIMIT {MOST_USERS}) seen) s"
    " UNION ALL"
    " SELECT CASE WHEN c.subject IS NULL THEN 'new' ELSE 'old' END, CAST(t.subject AS text),"
    "   NULL, NULL, CAST(t.user_id AS text), NULL, NULL"
    " FROM unnest(CAST(:seen AS uuid[]), CAST(:by AS uuid[])) t(subject, user_id)"
    " LEFT JOIN client_sightings c ON c.subject = t.subject AND c.user_id = t.user_id"
    " WHERE c.subject IS NULL"
    f"  OR c.seen_at < now() - make_interval(days => {SEEN_WITHIN.days})"
)


@functools.lru_cache(maxsize=32)
def _statement(needs: frozenset[Signal]) -> HotStatement:
    """Return the statement that reads these; each part only when it is needed."""
    common, parts = [], []
    if needs & {Signal.PROFILE, Signal.PLAY_SESSION}:
        common, parts = [_LOCKED_PROFILES], [_PROFILES]
    else:
        parts = [_SNOOZED]
    if Signal.PLAY_SESSION in needs:
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
    not. Raises DatabaseLockedError when another transaction keeps a profile.
    """
    read = ReadSignals()
    pairs = {"new": read.new_pairs, "old": read.old_pairs}
    cursor = _statement(needs & _READ).run(connection, _parameters(wanted))
    for kind, key, first, second, text, more, state in cursor.fetchall():
        if kind == "window":
            window = read.windows.setdefault(key, Window())
            window.actions_last_minute += first
            window.score_last_hour += int(second)
        elif kind == "profile":
            _keep_profile(read, key, text, more, state)
        elif kind == "session":
            read.sessions[key] = PlaySession(key, *_read_session(first, second, text))
        elif kind == "users":
            read.users_by_subject[key] = first
        else:
            pairs[kind].append((key, text))
    if read.sessions:
        _resume_sessions(connection, read, wanted)
    return read


def _keep_profile(
    read: ReadSignals, user_id: str, text: str | None, snoozed: str | None, state: str | None
) -> None:
    if text is not None:
        read.profiles[user_id] = text
    if snoozed is not None:
        read.snoozed[user_id] = read_snoozed(snoozed)
    if state is not None and (found := read_play_state(state)):
        read.play_states[user_id] = found


def _resume_sessions(connection: Connection, read: ReadSignals, wanted: Wanted) -> None:
    """Let sessions go on from the states that are with their players' profiles."""
    states = dict(read.play_states)
    left = [
        session.session_id
        for session in read.sessions.values()
        if session.user_id in states and states[session.user_id].session_id != session.session_id
    ]
    if left:
        # Seldom: players go back to a session, or on to a new one. The batch that was waited for
        # may have written its row since this one's snapshot; with the profile's lock nobody does.
        for _, key, first, second, text, *_ in _LEFT_SESSIONS.run(
            connection, {"sessions": left}
        ).fetchall():
            read.sessions[key] = PlaySession(key, *_read_session(first, second, text))
    # Hardly ever: somebody names another player's session. Only what is seen of it matters.
    others = {session.user_id for session in read.sessions.values()} - wanted.before.keys()
    if others:
        for user_id, text in _OTHERS_STATES.run(connection, {"users": list(others)}).fetchall():
            if state := read_play_state(text):
                states[user_id] = state
    for user_id, state in states.items():
        session = read.sessions.get(state.session_id)
        if session is not None and session.user_id == user_id:
            session.resume(state)


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
