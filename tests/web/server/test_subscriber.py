"""The subscription of a web process survives its server, its handlers and silence."""

from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from domain.boards.model import GLOBAL_BOARD
from domain.store.redis import keys
from domain.store.store import Store, connect
from faults.proxy import Proxy
from tests.conftest import Stores
from tests.factories import make_settings
from tests.waiting import wait_until
from tests.web.intake.batch_service import failures_of
from web.server.subscriber import Subscriber

# Of this worker: channels know no database number.
CHANNEL = keys.bus_channel(GLOBAL_BOARD)
Publish = Callable[[str], None]


class Heard:
    """What a subscriber's owner hears."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.connections = 0
        self.losses = 0
        self.fails_on: str | None = None

    def take(self, message: str) -> None:
        """Handle one message."""
        self.messages.append(message)
        if message == self.fails_on:
            raise ValueError(message)

    def connected(self) -> None:
        """Count a connection."""
        self.connections += 1

    def lost(self) -> None:
        """Count a loss."""
        self.losses += 1


@pytest.fixture
def proxy(stores: Stores) -> Iterator[Proxy]:
    """The subscriber's way to Redis."""
    proxy = Proxy(stores.redis_url)
    yield proxy
    proxy.close()


@pytest.fixture
def heard(proxy: Proxy, store: Store) -> Iterator[Heard]:
    """A subscriber at work, and what it hears."""
    heard = Heard()
    redis = connect(make_settings(redis_url=proxy.url)).redis
    subscriber = Subscriber(
        redis, {CHANNEL: heard.take}, on_connected=heard.connected, on_lost=heard.lost
    )
    subscriber.start()
    wait_until(lambda: heard.connections == 1)
    yield heard
    proxy.cut()
    subscriber.stop()
    redis.close()


@pytest.fixture
def publish(stores: Stores) -> Iterator[Publish]:
    """Publish without the proxy."""
    with Redis.from_url(stores.redis_url) as client:

        def send(text: str) -> None:
            client.publish(CHANNEL, text)

        yield send


def test_once_connected_nothing_is_missed(heard: Heard, publish: Publish) -> None:
    for number in range(100):
        publish(str(number))
    wait_until(lambda: len(heard.messages) == 100)
    assert heard.messages == [str(number) for number in range(100)]


def test_a_lost_server_is_told_and_found_again(
    heard: Heard, publish: Publish, proxy: Proxy
) -> None:
    proxy.cut()
    wait_until(lambda: heard.losses > 0)
    proxy.mend()
    wait_until(lambda: heard.connections == 2)
    publish("again")
    wait_until(lambda: heard.messages == ["again"])


def test_a_silent_server_is_a_lost_one(heard: Heard, publish: Publish, proxy: Proxy) -> None:
    proxy.stall()
    wait_until(lambda: heard.losses > 0)
    proxy.flow()
    wait_until(lambda: heard.connections == 2)
    publish("again")
    wait_until(lambda: "again" in heard.messages)


def test_a_quiet_server_is_not_a_lost_one(heard: Heard, publish: Publish) -> None:
    with pytest.raises(AssertionError):
        wait_until(lambda: heard.losses > 0, timeout_seconds=6)
    publish("still")
    wait_until(lambda: heard.messages == ["still"])


def test_a_handler_that_fails_does_not_end_the_hearing(heard: Heard, publish: Publish) -> None:
    before = failures_of("subscriber")
    heard.fails_on = "bad"
    publish("bad")
    wait_until(lambda: heard.connections == 2)
    publish("good")
    wait_until(lambda: heard.messages == ["bad", "good"])
    assert failures_of("subscriber") == before + 1


def test_a_lost_server_is_no_failure_of_the_thread(heard: Heard, proxy: Proxy) -> None:
    before = failures_of("subscriber")
    proxy.cut()
    wait_until(lambda: heard.losses > 3)
    assert failures_of("subscriber") == before
