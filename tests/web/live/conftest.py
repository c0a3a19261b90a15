"""A live process per test worker, listeners for it, and a bus to make them hear something."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis import Redis

from domain.boards.model import GLOBAL_BOARD
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from tests.conftest import Stores, flush
from tests.web.live.bus import Bus
from tests.web.live.client import Listener
from tests.web.live.server import Server, running_server
from web.access.tokens import TokenCodec

Connect = Callable[..., Listener]
StartServer = Callable[..., Server]


@pytest.fixture(scope="session")
def shared_server(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A live process for all tests that leave it as it was, begun on an empty Redis."""
    flush(stores.redis_url)
    with running_server(
        database_url=stores.database_url,
        redis_url=stores.redis_url,
        home=tmp_path_factory.mktemp("live"),
    ) as server:
        yield server


@pytest.fixture
def server(shared_server: Server, store: Store) -> Server:
    """The shared live process, on clean stores."""
    return shared_server


@pytest.fixture
def start_server(
    stores: Stores, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartServer]:
    """Start a live process of the test's own, with settings of its own."""
    with ExitStack() as stack:

        def start(**overrides: str) -> Server:
            addresses = {"redis_url": stores.redis_url, "database_url": stores.database_url}
            addresses |= {name: overrides.pop(name) for name in addresses if name in overrides}
            home = tmp_path_factory.mktemp("live")
            return stack.enter_context(running_server(home=home, **addresses, **overrides))

        yield start


@pytest.fixture
def token(settings: Settings) -> Callable[..., str]:
    """Make an access token."""
    codec = TokenCodec(settings)

    def make(user_id: UUID | None = None, **claims: Any) -> str:
        return codec.issue(user_id=user_id or uuid4(), **{"username": None, **claims})

    return make


@pytest.fixture
def connect(token: Callable[..., str]) -> Iterator[Connect]:
    """Open a socket as a user; it has heard its welcome."""
    with ExitStack() as stack:

        def open_socket(
            server: Server,
            user_id: UUID | None = None,
            *,
            bearer: str | None = None,
            **options: Any,
        ) -> Listener:
            headers = [f"Authorization: Bearer {bearer or token(user_id)}"]
            listener = stack.enter_context(Listener(server.url, headers, **options))
            assert listener.hear()["event"] == "welcome"
            return listener

        yield open_socket


@pytest.fixture
def bus(stores: Stores, store: Store) -> Iterator[Bus]:
    """The bus, to publish on."""
    with Redis.from_url(stores.redis_url, decode_responses=True) as client:
        yield Bus(client)


@pytest.fixture
def publish_raw(stores: Stores, store: Store) -> Iterator[Callable[[str], None]]:
    """Publish any text where bus messages are expected."""
    with Redis.from_url(stores.redis_url, decode_responses=True) as client:
        yield lambda text: client.publish(keys.bus_channel(GLOBAL_BOARD), text)
