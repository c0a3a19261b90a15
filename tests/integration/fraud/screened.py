"""Screening in tests: policies of some checks, clients and sessions, and what was stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.clients.known import KnownClients
from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, NoSettings
from domain.fraud.model import PASSED, Finding
from domain.fraud.policies.cache import PolicyCache
from domain.fraud.policy import CheckPolicy, Policy
from domain.fraud.profile import Profile
from domain.fraud.screening import ScreeningOutcome, screen_batch
from domain.fraud.sightings import KnownSightings
from domain.fraud.signals import PlayState, Signal, Signals, read_play_state
from domain.store.postgres.clients.numbers import ensure_clients
from domain.store.store import Store
from tests.integration.clients.clients import make_facts


@dataclass
class Recorder:
    """A check that objects to nothing, and records what it was shown, with its windows' sums."""

    seen: list[tuple[Candidate, Signals]] = field(default_factory=list)

    def run(self, action: Candidate, signals: Signals, _settings: NoSettings) -> Finding:
        """Record and pass."""
        self.seen.append((action, signals))
        return PASSED

    def make_check(self, *needs: Signal) -> Check:
        """Return it as a check that needs these signals."""
        return Check("recorder", 1, (), 100, self.run, NoSettings, frozenset(needs))


def policy_of(check: Check, *, number: int | None = None) -> Policy:
    """Return a policy of one check of the table."""
    return Policy(number, 100, 1000, {check.name: CheckPolicy(check.points, check.settings())})


def accept(store: Store, *actions: NewAction) -> UUID:
    """Take the actions in as one batch."""
    return accept_actions(store, actions=actions, reply_to=None).batches[0].batch_id


def screen(
    store: Store,
    batch_id: UUID,
    *,
    policy: Policy,
    policies: PolicyCache | None = None,
    sightings: KnownSightings | None = None,
    lock_wait_ms: int = 5000,
) -> ScreeningOutcome:
    """Screen a batch, by default as a process that has just started."""
    return screen_batch(
        store,
        batch_id=batch_id,
        policy=policy,
        policies=policies or PolicyCache(),
        clients=KnownClients(),
        sightings=sightings or KnownSightings(),
        lock_wait_ms=lock_wait_ms,
    )


def make_client(store: Store, **facts: Any) -> int:
    """Store a client and return its number."""
    made = make_facts(**facts)
    with store.write() as connection:
        return ensure_clients(connection, clients=[made])[made]


def make_play_session(store: Store, user_id: UUID, **columns: Any) -> UUID:
    """Store a play session of a stored player; open for an hour by default."""
    session_id = uuid4()
    values = {"session_id": session_id, "user_id": user_id, "ended_at": None, **columns}
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO play_sessions (session_id, user_id, expires_at, ended_at)"
                " VALUES (:session_id, :user_id, now() + interval '1 hour', :ended_at)"
            ),
            values,
        )
    return session_id


def read_profiles(store: Store) -> Mapping[str, Profile]:
    """Return the stored profiles by user."""
    with store.write() as connection:
        rows = connection.execute(text("SELECT user_id, profile FROM player_profiles"))
        return {str(row.user_id): Profile.decode(row.profile) for row in rows}


def read_play_states(store: Store) -> Mapping[str, PlayState]:
    """Return what is counted of the stored play sessions, wherever it is."""
    rows = fetch(
        store,
        "SELECT CAST(s.session_id AS text), claimed_ms, CAST(last_device AS text), switches,"
        " p.play_session FROM play_sessions s LEFT JOIN player_profiles p"
        " ON p.user_id = s.user_id AND p.play_session LIKE '%' || s.session_id || '%'",
    )
    return {row[0]: read_play_state(row[4] or "") or PlayState(*row[:4]) for row in rows}


def fetch(store: Store, statement: str, **parameters: Any) -> list[Any]:
    """Return the rows of a statement."""
    with store.write() as connection:
        return list(connection.execute(text(statement), parameters).all())


def execute(store: Store, statement: str, **parameters: Any) -> None:
    """Run a statement and commit it."""
    with store.write() as connection:
        connection.execute(text(statement), parameters)


def now_us(at: datetime) -> int:
    """Return microseconds since 1970."""
    return round(at.timestamp() * 1_000_000)
