"""What each process of the workers has once: the settings, the stores and the fraud policy."""

import functools
from dataclasses import dataclass, field

from domain.actions.scoring import LOCK_WAIT_MS
from domain.clients.known import KnownClients
from domain.events.followed_rankings import FollowedRankings
from domain.fraud.policies.cache import PolicyCache
from domain.fraud.policy import Policy, policy_from
from domain.fraud.sightings import KnownSightings
from domain.rankings.catalog import CatalogCache
from domain.rankings.written_rows import WrittenRows
from domain.settings import Settings, settings_of_process
from domain.store.durability import require_durable_server
from domain.store.store import Store, connect

# For the keeper: its three threads and the connection that holds its lock. A worker opens one.
POOL_SIZE = 4


@dataclass(frozen=True)
class WorkerContext:
    """Passed to every link and every scheduled task."""

    settings: Settings
    store: Store
    # Of the settings: it judges while no stored one is live.
    policy: Policy
    # How long a batch waits for a player's score that another transaction has locked.
    lock_wait_ms: int = LOCK_WAIT_MS
    # Whether links that count attempts take batches that the keeper has found stalled, too.
    takes_stalled: bool = False
    # The boards that are data, as this process knows them.
    catalogs: CatalogCache = field(default_factory=CatalogCache)
    # What somebody follows of them live.
    followed: FollowedRankings = field(default_factory=FollowedRankings)
    written_rows: WrittenRows = field(default_factory=WrittenRows)
    # What judges the actions, and the clients that they came from.
    policies: PolicyCache = field(default_factory=PolicyCache)
    clients: KnownClients = field(default_factory=KnownClients)
    sightings: KnownSightings = field(default_factory=KnownSightings)


@functools.cache
def get_context() -> WorkerContext:
    """Return this process's context, made at the first call.

    Raises SettingsError, also in production if PostgreSQL could lose committed data.
    """
    settings = settings_of_process()
    store = connect(settings, pool_size=POOL_SIZE)
    require_durable_server(settings, store)
    return WorkerContext(settings, store, policy_from(settings))
