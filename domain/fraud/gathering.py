"""Gathering: a claimed batch's actions and everything that the checks look at, player by player.

Called by `domain/fraud/screening.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from uuid import UUID

import structlog

from domain.clients.known import KnownClients
from domain.fraud.candidate import Candidate, Client
from domain.fraud.policies.cache import Judging
from domain.fraud.profile import Profile
from domain.fraud.sightings import KnownSightings, Pair
from domain.fraud.signals import Signal, Signals, Window, is_uuid
from domain.store.postgres.actions.screening import ClaimedEntry, Facts, read_facts
from domain.store.postgres.fraud.signals import ReadSignals, Wanted, read_signals
from domain.store.store import Connection

logger = structlog.get_logger(__name__)

FACTS = frozenset(Signal) - {Signal.WINDOW}
"""The signals for which the facts of a batch are read."""

_NO_PROFILE = Profile()


@dataclass(frozen=True, slots=True)
class Gathered:
    """By user: their actions of the batch in order, and the signals; and what was read of all."""

    actions: Mapping[str, Sequence[Candidate]]
    signals: Mapping[str, Signals]
    read: ReadSignals


def gather(
    connection: Connection,
    *,
    batch_id: UUID,
    entry: ClaimedEntry,
    judging: Judging,
    clients: KnownClients,
    sightings: KnownSightings,
) -> Gathered:
    """Return what judges the batch is to look at; the profiles are locked.

    Raises DatabaseLockedError when another transaction keeps one of them.
    """
    needs = judging.needs
    facts = entry.facts
    if facts is None and needs & FACTS:
        facts = read_facts(connection, batch_id=batch_id)
    known = _find_clients(connection, facts, clients) if Signal.CLIENT in needs else {}
    by_user: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in _list_undecided(entry, facts, known):
        by_user[candidate.user_id].append(candidate)
    pairs = _list_pairs(by_user) if Signal.SIGHTINGS in needs else []
    unknown = sightings.list_unknown(pairs)
    wanted = _want(batch_id, entry.created_at, by_user, needs, unknown)
    if not unknown:
        needs -= {Signal.SIGHTINGS}
    read = read_signals(connection, needs=needs, wanted=wanted)
    sightings.learn(unknown, new=read.new_pairs, counts=read.users_by_subject)
    _count_newcomers(read)
    read.users_by_subject = sightings.find_counts(pairs) | read.users_by_subject
    signals = {
        user_id: Signals(
            window=read.windows.get(user_id) or Window(),
            snoozed=read.snoozed.get(user_id, {}),
            profile=_read_profile(user_id, read) if Signal.PROFILE in needs else _NO_PROFILE,
            sessions=read.sessions,
            users_by_subject=read.users_by_subject,
            baselines=judging.baselines,
            model=judging.model,
        )
        for user_id in by_user
    }
    return Gathered(by_user, signals, read)


def _list_undecided(
    entry: ClaimedEntry, facts: Facts | None, known: Mapping[int, Client]
) -> Iterator[Candidate]:
    """Yield the candidates but those that a review has decided on: they are not learned twice."""
    step_ups = (step_up or 0 for step_up in entry.step_ups) if entry.step_ups else repeat(0)
    if facts is None:
        nothing: repeat[None] = repeat(None)
        candidates = map(Candidate, *entry.columns, *[nothing] * 4, step_ups)
    else:
        numbers = facts.client_nos or repeat(None)
        clients = (None if number is None else known.get(number) for number in numbers)
        sessions = map(_normalize, facts.session_ids)
        candidates = map(
            Candidate,
            *entry.columns,
            facts.action_types,
            clients,
            sessions,
            facts.durations_ms,
            step_ups,
        )
    if not entry.verdicts:
        return candidates
    decided = {number for number, found in entry.verdicts.items() if "verdict" in found}
    return (one for one in candidates if str(one.action_no) not in decided)


def _find_clients(
    connection: Connection, facts: Facts | None, clients: KnownClients
) -> Mapping[int, Client]:
    if facts is None or facts.client_nos is None:
        return {}
    return clients.find(connection, (number for number in facts.client_nos if number is not None))


def _normalize(session_id: str | None) -> str | None:
    """Return the id of a session as PostgreSQL writes it; one that is no UUID as it is."""
    if session_id is None or not is_uuid(session_id):
        return session_id
    return session_id.lower()


def _want(
    batch_id: UUID,
    at: datetime,
    by_user: Mapping[str, Sequence[Candidate]],
    needs: frozenset[Signal],
    pairs: Sequence[Pair],
) -> Wanted:
    candidates = [one for actions in by_user.values() for one in actions]
    sessions: dict[str, None] = {}
    if Signal.PLAY_SESSION in needs:
        sessions = dict.fromkeys(
            one.session_id
            for one in candidates
            if one.session_id is not None and is_uuid(one.session_id)
        )
    before = {user_id: actions[0].action_no for user_id, actions in by_user.items()}
    return Wanted(batch_id, at, before, list(sessions), pairs)


def _list_pairs(by_user: Mapping[str, Sequence[Candidate]]) -> list[Pair]:
    """Return the devices and the addresses of the actions, each once with each of its players."""
    pairs: dict[Pair, None] = {}
    for user_id, actions in by_user.items():
        for action in actions:
            if action.client is not None:
                for subject in action.client.subjects:
                    pairs[subject, user_id] = None
    return list(pairs)


def _count_newcomers(read: ReadSignals) -> None:
    """Count the players of this batch who were never seen with a device or an address."""
    for subject, newcomers in Counter(subject for subject, _ in read.new_pairs).items():
        read.users_by_subject[subject] = read.users_by_subject.get(subject, 0) + newcomers


def _read_profile(user_id: str, read: ReadSignals) -> Profile:
    text = read.profiles.get(user_id)
    if not text:
        return Profile()
    profile = Profile.decode(text)
    if profile.is_unreadable:
        logger.warning("profile not understood, a new one begins", user_id=user_id)
    return profile
