"""SQL of what screening has learned: profiles, play sessions, and who was seen with a client.

Written by the transaction that stores the verdicts, each by one statement and only when changed.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from domain.clients.model import SEEN_WITHIN
from domain.errors import DatabaseConflictError
from domain.fraud.signals import PlayState
from domain.store.postgres.statements import hot

_LEARNED = (
    "unnest(CAST(:users AS uuid[]), CAST(:profiles AS text[]), CAST(:states AS text[]))"
    " AS learned(user_id, profile, play_session)"
)
# Two statements, not one with two parts: it took a quarter longer for rows that are stored, as most
# are, to go through a table of what was learned.
_NEW_PROFILES = hot(
    "INSERT INTO player_profiles (user_id, profile, play_session, updated_at)"
    f" SELECT user_id, profile, play_session, statement_timestamp() FROM {_LEARNED}"
    " ORDER BY user_id ON CONFLICT (user_id) DO NOTHING"
)
_PROFILES = hot(
    "UPDATE player_profiles p SET profile = learned.profile, updated_at = statement_timestamp(),"
    " play_session = coalesce(learned.play_session, p.play_session)"
    f" FROM {_LEARNED} WHERE p.user_id = learned.user_id"
)
_SESSIONS = hot(
    "UPDATE play_sessions s SET claimed_ms = t.claimed_ms, last_device = t.last_device,"
    " switches = t.switches FROM unnest(CAST(:ids AS uuid[]), CAST(:claimed AS bigint[]),"
    "   CAST(:devices AS uuid[]), CAST(:switches AS integer[]))"
    "   t(session_id, claimed_ms, last_device, switches)"
    " WHERE s.session_id = t.session_id"
)
_SIGHTINGS = hot(
    "INSERT INTO client_sightings (subject, user_id)"
    " SELECT * FROM unnest(CAST(:subjects AS uuid[]), CAST(:users AS uuid[])) t(subject, user_id)"
    " ORDER BY subject, user_id ON CONFLICT (subject, user_id) DO UPDATE SET seen_at = now()"
    f" WHERE client_sightings.seen_at < now() - make_interval(days => {SEEN_WITHIN.days})"
)


def write_profiles(
    connection: Connection,
    *,
    profiles: Mapping[str, str],
    states: Mapping[str, PlayState],
    stored: Collection[str],
) -> None:
    """Write the profiles by user, and what is counted of the play sessions that they are in.

    Of users without such a state it stays. `stored` are the users whose rows are locked.
    Raises DatabaseConflictError when another batch has made a player's first profile meanwhile:
    what it has learned must not be lost.
    """
    written = 0
    for statement, is_stored in ((_NEW_PROFILES, False), (_PROFILES, True)):
        texts = {
            user_id: text for user_id, text in profiles.items() if (user_id in stored) is is_stored
        }
        if texts:
            parameters = {
                "users": list(texts),
                "profiles": list(texts.values()),
                "states": [
                    states[user_id].encode() if user_id in states else None for user_id in texts
                ],
            }
            written += statement.run(connection, parameters).rowcount
    if written != len(profiles):
        raise DatabaseConflictError


def write_play_states(connection: Connection, *, states: Sequence[PlayState]) -> None:
    """Write what was counted of play sessions whose players' profiles are locked."""
    if not states:
        return
    _SESSIONS.run(
        connection,
        {
            "ids": [state.session_id for state in states],
            "claimed": [state.claimed_ms for state in states],
            "devices": [state.last_device for state in states],
            "switches": [state.switches for state in states],
        },
    )


def write_sightings(connection: Connection, *, pairs: Sequence[tuple[str, str]]) -> None:
    """Write that these pairs of a device or an address and a player were seen now."""
    if not pairs:
        return
    _SIGHTINGS.run(
        connection,
        {
            "subjects": [subject for subject, _ in pairs],
            "users": [user_id for _, user_id in pairs],
        },
    )
