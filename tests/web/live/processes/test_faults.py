"""What listeners feel of a lost Redis, a lost position, and of each other: next to nothing."""

import socket
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from domain.store.store import Store
from faults.proxy import Proxy
from tests.conftest import Stores
from tests.factories import make_player
from tests.waiting import wait_until
from tests.web.live.bus import Bus
from tests.web.live.client import Listener
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.server import Server
from tests.web.live.test_events import follow

# Who subscribes more than 8 times a second for long is closed.
SUBSCRIPTION_PACE_SECONDS = 0.2


@pytest.fixture
def proxy(stores: Stores) -> Iterator[Proxy]:
    """The way to Redis of a server of this test's own."""
    proxy = Proxy(stores.redis_url)
    yield proxy
    proxy.close()


def test_without_redis_sockets_stay_newcomers_see_sql_and_all_start_again_at_its_return(
    start_server: StartServer, connect: Connect, bus: Bus, proxy: Proxy, store: Store
) -> None:
    server = start_server(redis_url=proxy.url)
    (player,) = bus.begin(100)
    early = connect(server, player)
    follow(early, bus)
    stored = make_player(store, score=777, reached_seq=1)

    proxy.cut()
    wait_until(lambda: server.health("ready")["status"] == "degraded")
    late = connect(server, stored.user_id)

    def sees_sql() -> bool:
        time.sleep(SUBSCRIPTION_PACE_SECONDS)
        return [row["score"] for row in late.subscribe()[1]["leaderboard"]] == [777]

    # Newcomers share one look at SQL for a second.
    wait_until(sees_sql)
    subscribed, snapshot = late.subscribe()
    assert (subscribed["epoch"], subscribed["seq"]) == ("", 0)
    assert snapshot["you"]["rank"] == 1
    early.say(op="ping", id="alive")
    assert early.hear()["id"] == "alive"

    proxy.mend()
    for listener in (early, late):
        assert listener.hear_until("subscribed", channel="leaderboard")["recovered"] is False
        listener.hear_until("snapshot", channel="leaderboard")
    assert server.health("ready")["status"] == "ok"
    bus.act((player, 50))
    assert early.hear_until("score_updated", channel="user:self")["newScore"] == 150


def test_what_was_published_while_nobody_could_hear_is_made_good(
    start_server: StartServer, connect: Connect, bus: Bus, proxy: Proxy
) -> None:
    server = start_server(redis_url=proxy.url)
    (player,) = bus.begin(100)
    listener = connect(server)
    follow(listener, bus)
    proxy.cut()
    wait_until(lambda: server.health("ready")["status"] == "degraded")
    bus.act((player, 50))
    proxy.mend()
    wait_until(lambda: server.health("ready")["status"] == "ok")
    bus.act((player, 7))
    snapshot = listener.hear_until("snapshot", channel="leaderboard", seq=bus.seq)
    assert [row["score"] for row in snapshot["leaderboard"]] == [157]


def test_a_user_outside_the_top_sees_the_own_row(
    server: Server, connect: Connect, bus: Bus, store: Store
) -> None:
    stored = make_player(store, score=3, reached_seq=1)
    bus.begin(*range(200, 100, -1))
    listener = connect(server, stored.user_id)
    _, snapshot = follow(listener, bus)
    assert snapshot["you"]["userId"] == str(stored.user_id)
    assert snapshot["you"]["score"] == 3
    bus.skip()
    bus.publish([])
    again = listener.hear_until("snapshot", channel="leaderboard", seq=bus.seq)
    assert again["you"]["score"] == 3


def test_a_client_that_never_reads_is_evicted_and_others_feel_nothing(
    server: Server, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(*range(200, 100, -1))
    quick = connect(server)
    follow(quick, bus, limit=100)
    with _DeafListener(server, connect) as deaf:
        deaf.subscribe(limit=100)
        started, slowest = time.monotonic(), 0.0
        while deaf.is_open() and time.monotonic() - started < 12:
            told_at = time.monotonic()
            bus.act(*((player, 1) for player in players))
            quick.hear_until("leaderboard_changed", seq=bus.seq)
            slowest = max(slowest, time.monotonic() - told_at)
        assert time.monotonic() - started < 10
        assert slowest < 1


def test_a_client_that_stalls_is_evicted_within_ten_seconds_without_further_events(
    server: Server, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(*range(200, 100, -1))
    quick = connect(server)
    follow(quick, bus, limit=100)
    with _DeafListener(server, connect) as deaf:
        deaf.subscribe(limit=100)
        while not deaf.is_stalled():
            bus.act(*((player, 1) for player in players))
            quick.hear_until("leaderboard_changed", seq=bus.seq)
        started = time.monotonic()
        wait_until(lambda: not deaf.is_open(), timeout_seconds=14)
        assert time.monotonic() - started < 11


class _DeafListener:
    """A client with a small receive buffer that reads nothing after its welcome."""

    def __init__(self, server: Server, connect: Connect):
        options = ((socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),)
        self._server = server
        self._listener: Listener = connect(server, uuid4(), sockopt=options)
        self._open = server.health()["sockets"]
        self._unread = -1

    def __enter__(self) -> "_DeafListener":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.raw.shutdown()

    def subscribe(self, **options: int) -> None:
        """Ask for the leaderboard, and do not look at the answer."""
        self._listener.say(op="subscribe", channel="leaderboard", **options)

    def is_open(self) -> bool:
        """Whether the server still counts this socket."""
        return bool(self._server.health()["sockets"] >= self._open)

    def is_stalled(self) -> bool:
        """Whether the server holds more for this socket than its kernel takes."""
        return bool(self._server.health()["queued"])


def test_thousands_of_idle_sockets_cost_little(
    start_server: StartServer, bus: Bus, token: Callable[..., str]
) -> None:
    server = start_server()
    count = 1000
    players = bus.begin(*range(200, 100, -1))
    before_kb = server.resident_kb()
    bearers = [token() for _ in range(count // 5)]
    listeners = [
        Listener(server.url, [f"Authorization: Bearer {bearers[number // 5]}"])
        for number in range(count)
    ]
    try:
        for listener in listeners:
            listener.say(op="subscribe", channel="leaderboard")
        for listener in listeners:
            listener.hear_until("snapshot")
        assert server.health()["sockets"] == count
        assert (server.resident_kb() - before_kb) / count < 80
        before_cpu = server.cpu_seconds()
        for _ in range(20):
            bus.act((players[0], 1))
        for listener in listeners:
            listener.hear_until("leaderboard_changed", seq=bus.seq)
        per_write_us = (server.cpu_seconds() - before_cpu) / (20 * count) * 1e6
        assert per_write_us < 100
    finally:
        for listener in listeners:
            listener.raw.shutdown()
    wait_until(lambda: server.health()["sockets"] == 0)
