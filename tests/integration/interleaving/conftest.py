"""A worker with its own database."""

from collections.abc import Iterator

import pytest

from domain.fraud.policy import policy_from
from domain.store.store import connect
from tests.conftest import Stores
from tests.databases import copied_database
from tests.factories import make_settings
from tests.integration.interleaving.chances import LIMITS
from workers.context import WorkerContext


@pytest.fixture(scope="module")
def context(request: pytest.FixtureRequest, stores: Stores) -> Iterator[WorkerContext]:
    """A worker with a database of the module's: other years' partitions would disturb others."""
    module = request.module.__name__.rpartition(".test_")[2]
    name = f"{stores.database_url.rpartition('/')[2].partition('?')[0]}_{module}"
    with copied_database(stores.database_url, name) as database_url:
        own = make_settings(database_url=database_url, redis_url=stores.redis_url, **LIMITS)
        store = connect(own)
        yield WorkerContext(own, store, policy_from(own))
        store.close()
