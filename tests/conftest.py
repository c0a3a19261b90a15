"""Fixtures of the real stores: each worker of xdist has its own database and Redis number."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from redis import Redis
from sqlalchemy import Engine, text

from domain.fraud.policy import policy_from
from domain.settings import Settings
from domain.store.postgres.tables import metadata
from domain.store.redis import keys
from domain.store.redis.client import connect_redis
from domain.store.store import Store, connect
from tests.databases import copied_database
from tests.factories import make_settings
from tests.running.redis_server import RedisServer
from tests.running.scheduling import GroupScheduling
from workers.context import WorkerContext

ADDRESSES = ("LAUREL_TEST_DATABASE_URL", "LAUREL_TEST_REDIS_URL")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
POOL_SIZE = 12

# The same examples in every run; `--hypothesis-profile=default` looks for others.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

# Channels are shared by all Redis numbers: the prefix separates the workers' messages.
keys.PREFIX = f"laurel-{WORKER}:"


@dataclass(frozen=True)
class Stores:
    """The URLs of this worker's database and Redis number."""

    database_url: str
    redis_url: str


def pytest_configure() -> None:
    """Stop with a usage error when the stores for the tests are not configured."""
    if not all(os.environ.get(name) for name in ADDRESSES):
        raise pytest.UsageError(
            f"{' and '.join(ADDRESSES)} are not set. Run the tests with `python3 run.py test`."
        )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Return the scheduler that distributes the tests to the workers."""
    return GroupScheduling(config, log)


@pytest.fixture(scope="session")
def stores(testrun_uid: str) -> Iterator[Stores]:
    """A migrated database and a Redis number for this worker only."""
    name = f"laurel_test_{testrun_uid[:8]}_{WORKER}"
    with copied_database(os.environ["LAUREL_TEST_DATABASE_URL"], name) as database_url:
        yield Stores(database_url, _numbered(os.environ["LAUREL_TEST_REDIS_URL"]))


@pytest.fixture
def settings(stores: Stores, tmp_path: Path) -> Settings:
    """Settings with this worker's stores and a temporary home."""
    return make_settings(
        database_url=stores.database_url, redis_url=stores.redis_url, laurel_home=str(tmp_path)
    )


@pytest.fixture(scope="session")
def pools(stores: Stores) -> Iterator[Store]:
    """The connection pools that the tests of one worker share."""
    settings = make_settings(database_url=stores.database_url, redis_url=stores.redis_url)
    store = connect(settings, pool_size=POOL_SIZE)
    yield store
    store.close()


@pytest.fixture
def store(pools: Store, stores: Stores) -> Iterator[Store]:
    """Both stores, empty as after the migration, with a new circuit breaker for Redis."""
    clean(pools.engine)
    flush(stores.redis_url)
    redis = connect_redis(stores.redis_url)
    yield replace(pools, redis=redis)
    redis.close()


@pytest.fixture
def read_only(settings: Settings, store: Store) -> Iterator[Callable[[bool], None]]:
    """Make new sessions of this worker's database read-only, or writable again.

    Use no shared pool while they are: its new connections would stay read-only for other tests.
    """
    own = connect(settings)

    def change(is_on: bool) -> None:
        with own.write() as connection:
            connection.execute(text("SET TRANSACTION READ WRITE"))
            name = connection.execute(text("SELECT current_database()")).scalar_one()
            state = "SET default_transaction_read_only = on" if is_on else "RESET ALL"
            connection.execute(text(f'ALTER DATABASE "{name}" {state}'))

    yield change
    change(False)
    own.close()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis for this test only, which may be stalled or killed."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def worker_context(settings: Settings, store: Store) -> WorkerContext:
    """The context of a worker's links and tasks, with this test's stores."""
    return WorkerContext(settings, store, policy_from(settings))


def clean(engine: Engine) -> None:
    """Empty every table. DELETE takes 1 ms; TRUNCATE of all partitions would take 40 ms."""
    tables = [table.name for table in reversed(metadata.sorted_tables)]
    deletes = "; ".join(
        f"DELETE FROM {name}" for name in tables if name not in ("board_catalog", "fraud_head")
    )
    with engine.begin() as connection:
        connection.execute(
            text(
                f"{deletes}; INSERT INTO audit_head VALUES (1, 0, decode(repeat('00', 32), 'hex'));"
                # Never back to a revision that a process of an earlier test may know.
                " UPDATE board_catalog SET revision = revision + 1;"
                " UPDATE fraud_head SET revision = revision + 1, live_policy_no = NULL;"
                " SELECT setval('action_no_seq', 1, false)"
            )
        )


def flush(redis_url: str) -> None:
    """Empty this worker's Redis number only."""
    with Redis.from_url(redis_url) as client:
        client.flushdb()


def _numbered(redis_url: str) -> str:
    number = int(WORKER.removeprefix("gw")) + 1
    base, _, _ = redis_url.partition("?")
    scheme, _, rest = base.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{number}"
