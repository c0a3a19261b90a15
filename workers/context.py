"""What every process of the workers holds once: the settings, the stores and the fraud policy."""

import functools
import os
from dataclasses import dataclass

from domain.fraud.model import Policy, policy_from
from domain.settings import Settings, load_settings
from domain.store.connections import Store, connect

# The keeper's two threads and the connection that holds its lock; a worker opens one.
POOL_SIZE = 4


@dataclass(frozen=True)
class WorkerContext:
    """Handed to every link and every scheduled task."""

    settings: Settings
    store: Store
    policy: Policy


@functools.cache
def get_context() -> WorkerContext:
    """Return this process's context, made at the first call. Raises SettingsError."""
    settings = load_settings(os.environ)
    store = connect(settings, pool_size=POOL_SIZE)
    return WorkerContext(settings, store, policy_from(settings))
