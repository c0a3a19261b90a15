"""Screening: the first link. It reads what the checks need, in bulk, and stores their verdicts.

What it learns of the players is stored by the same transaction: neither is there without the other.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from domain.actions.model import LinkOutcome
from domain.clients.known import KnownClients
from domain.errors import DatabaseConflictError
from domain.fraud.gathering import FACTS, Gathered, gather
from domain.fraud.judging import Judge
from domain.fraud.model import Screening
from domain.fraud.playing import settle_states
from domain.fraud.policies.cache import PolicyCache
from domain.fraud.policy import Policy
from domain.fraud.sightings import KnownSightings
from domain.fraud.signals import Signal
from domain.store.postgres.actions.screening import claim_entry, correct_policy, write_verdicts
from domain.store.postgres.engine import LOCK_TIMEOUT_MS
from domain.store.postgres.fraud.learning import (
    write_play_states,
    write_profiles,
    write_sightings,
)
from domain.store.store import Connection, Store

# Another batch has made a player's first profile meanwhile: it can be read now.
TRIES = 3


@dataclass(frozen=True, slots=True)
class ScreeningOutcome:
    """What the link did, and the verdicts it gave.

    `spent_us` is by check what it took for one action. `unavailable` counts the actions that were
    judged without the model; `has_shadow` says whether a shadow policy has judged too.
    """

    link: LinkOutcome
    screenings: tuple[Screening, ...] = ()
    spent_us: Mapping[str, float] = field(default_factory=dict)
    unavailable: int = 0
    has_shadow: bool = False


def screen_batch(
    store: Store,
    *,
    batch_id: UUID,
    policy: Policy,
    policies: PolicyCache,
    clients: KnownClients,
    sightings: KnownSightings,
    stalled: bool = True,
    lock_wait_ms: int = LOCK_TIMEOUT_MS,
) -> ScreeningOutcome:
    """Store the verdicts on the batch's actions in its row and move the batch to SCREENED.

    `policy` judges while no other one is live. The actions stay pending: scoring gives them their
    status. Unless `stalled`, only a batch that the keeper has not found stalled. Raises
    DatabaseUnavailableError, and as that DatabaseLockedError when another transaction keeps a
    player's profile for longer than `lock_wait_ms`.
    """
    screen = partial(
        _screen_once,
        store,
        batch_id=batch_id,
        policy=policy,
        policies=policies,
        clients=clients,
        sightings=sightings,
        stalled=stalled,
        lock_wait_ms=lock_wait_ms,
    )
    for _ in range(TRIES - 1):
        with suppress(DatabaseConflictError):
            return screen()
    return screen()


def _screen_once(
    store: Store,
    *,
    batch_id: UUID,
    policy: Policy,
    policies: PolicyCache,
    clients: KnownClients,
    sightings: KnownSightings,
    stalled: bool,
    lock_wait_ms: int,
) -> ScreeningOutcome:
    # Lazily: a verdict that is lost in a crash is given again, and nothing has used it yet. What
    # was learned with it is lost with it, so that nothing is learned twice.
    with store.lazy() as connection:
        entry = claim_entry(
            connection,
            batch_id=batch_id,
            stalled=stalled,
            with_facts=bool(policies.needs & FACTS),
            lock_wait_ms=lock_wait_ms,
        )
        if entry is None:
            return ScreeningOutcome(LinkOutcome.NOT_ITS_TURN)
        judging = policies.find(connection, head=entry.head, fallback=policy)
        gathered = gather(
            connection,
            batch_id=batch_id,
            entry=entry,
            judging=judging,
            clients=clients,
            sightings=sightings,
        )
        judge = judging.make_judge()
        screenings = _judge(judge, gathered)
        write_verdicts(connection, batch_id=batch_id, known=entry.verdicts, screenings=screenings)
        if judging.policy.number != entry.head.live_number:
            correct_policy(connection, batch_id=batch_id, number=judging.policy.number)
        if judge.needs & FACTS:
            _write_learned(connection, judge, gathered)
    return ScreeningOutcome(
        LinkOutcome.MOVED,
        tuple(screenings.values()),
        judge.spent_us,
        judge.unavailable,
        judging.shadow is not None,
    )


def _judge(judge: Judge, gathered: Gathered) -> dict[int, Screening]:
    """Return the verdicts by action_no."""
    screenings: dict[int, Screening] = {}
    for user_id, actions in gathered.actions.items():
        screened = judge.screen_user(actions, gathered.signals[user_id])
        for action, screening in zip(actions, screened, strict=True):
            screenings[action.action_no] = screening
    return screenings


def _write_learned(connection: Connection, judge: Judge, gathered: Gathered) -> None:
    """Write what is new: profiles, then play sessions, then sightings, in every transaction."""
    read = gathered.read
    states = settle_states(gathered.actions, sessions=read.sessions, kept_before=read.play_states)
    if Signal.PROFILE in judge.needs:
        profiles = {
            user_id: signals.profile.encode() for user_id, signals in gathered.signals.items()
        }
    else:
        profiles = {user_id: read.profiles.get(user_id, "") for user_id in states.kept}
    write_profiles(connection, profiles=profiles, states=states.kept, stored=read.profiles.keys())
    write_play_states(connection, states=states.left)
    write_sightings(connection, pairs=read.new_pairs + read.old_pairs)
