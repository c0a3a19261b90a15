"""What each process of the workers has once: the settings, the stores and the fraud policy."""

import functools
import os
from dataclasses import dataclass

from domain.fraud.policy import Policy, policy_from
from domain.settings import Settings, load_settings
from domain.store.durability import end_with_forgetful_server
from domain.store.store import Store, connect

# For the keeper: its two threads and the connection that holds its lock. A worker opens one.
POOL_SIZE = 4


@dataclass(frozen=True)
class WorkerContext:
    """Passed to every link and every scheduled task."""

    settings: Settings
    store: Store
    policy: Policy


@functools.cache
def get_context() -> WorkerContext:
    """Return this process's context, made at the first call.

    Raises SettingsError, and SystemExit in production when the server would lose commits in a
    crash: Celery would only log an error.
    """
    settings = load_settings(os.environ)
    store = connect(settings, pool_size=POOL_SIZE)
    end_with_forgetful_server(settings, store)
    return WorkerContext(settings, store, policy_from(settings))
