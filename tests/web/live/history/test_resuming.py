"""A listener that was cut off comes back and misses nothing, also when the process was killed."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websocket import WebSocketException

from domain.store.redis import keys
from domain.store.store import Store
from tests.unit.live.history.resuming_client import LEADERBOARD, OWN, Client
from tests.waiting import wait_until
from tests.web.live.client import Listener
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.history.real_bus import RealBus
from tests.web.live.server import Server

PLAYER = 7


def resume(server: Server, connect: Connect, client: Client) -> Listener:
    """Connect again, and ask for what was missed on both channels."""
    client.begin()
    listener = connect(server, client.user_id)
    for channel in (OWN, LEADERBOARD):
        since = client.since(channel)
        wish = {"since": since} if since else {}
        listener.say(op="subscribe", channel=channel, id=channel, **wish)
    return listener


def hear_answers(listener: Listener, client: Client) -> dict[str, bool]:
    """Hear until both channels have answered; return for each whether it has recovered."""
    answers: dict[str, bool] = {}
    while len(answers) < 2 or len(client.positions) < 2:
        event = listener.hear()
        client.hear(event)
        if event["event"] == "subscribed" and event["id"] is not None:
            answers[event["channel"]] = event["recovered"]
    return answers


def hear_until_current(listener: Listener, client: Client, bus: RealBus) -> None:
    """Hear until the client is where the bus is, and compare what it knows."""
    top = bus.read_top()
    assert top.seq == bus.seq
    rows = {str(row.user_id): (row.rank, row.score) for row in top.standings[: client.limit]}
    assert client.counted_from is not None
    before, now = bus.applied[client.counted_from[1]], bus.applied[bus.seq]
    count = now[client.user_id] - before[client.user_id]
    # The events of one flush come one after the other.
    while client.rows != rows or client.merged != count:
        client.hear(listener.hear())
    assert set(client.positions.values()) == {(top.epoch, top.seq)}
    assert client.merged == count


@contextmanager
def playing(bus: RealBus) -> Iterator[None]:
    """Publish batch after batch, of which every third has an action of the player."""
    stopping = threading.Event()

    def play() -> None:
        number = 0
        while not stopping.is_set():
            number += 1
            acting = [(1 + number % 20, number % 13), *([(PLAYER, 3)] if number % 3 == 0 else [])]
            bus.act(*acting)
            time.sleep(0.02)

    player = threading.Thread(target=play)
    player.start()
    try:
        yield
    finally:
        stopping.set()
        player.join()
        bus.act((PLAYER, 500), (1, 1))


def test_a_listener_of_a_killed_process_comes_back_and_misses_nothing(
    start_server: StartServer, connect: Connect, store: Store
) -> None:
    bus = RealBus(store, *range(60, 40, -1))
    server = start_server()
    client = Client(PLAYER, 10, time.monotonic)
    with playing(bus):
        listener = resume(server, connect, client)
        assert hear_answers(listener, client) == {OWN: False, LEADERBOARD: False}
        while client.merged < 3:
            client.hear(listener.hear())
        killed = server.worker_pid()
        os.kill(killed, signal.SIGKILL)
        try:
            while True:
                client.hear(listener.hear())
        except (WebSocketException, OSError):
            told = client.merged
        wait_until(lambda: server.worker_pids() not in ([], [killed]))
        server.wait()
        listener = resume(server, connect, client)
        assert hear_answers(listener, client) == {OWN: True, LEADERBOARD: True}
        assert client.merged > told
    hear_until_current(listener, client, bus)


def test_a_listener_comes_back_after_some_batches(
    server: Server, connect: Connect, store: Store
) -> None:
    bus = RealBus(store, *range(60, 40, -1))
    client = Client(PLAYER, 10, time.monotonic)
    bus.act((1, 1))
    epochs = dict.fromkeys((OWN, LEADERBOARD), bus.read_top().epoch)
    listener = resume(server, connect, client)
    hear_answers(listener, client)
    while {channel: known[0] for channel, known in client.positions.items()} != epochs:
        client.hear(listener.hear())
    listener.raw.shutdown()
    for _ in range(20):
        bus.act((PLAYER, 1), (2, 1))
    bus.act((PLAYER, 100), (1, 1))
    listener = resume(server, connect, client)
    assert hear_answers(listener, client) == {OWN: True, LEADERBOARD: True}
    hear_until_current(listener, client, bus)
    assert next(event["merged"] for event in client.events if event.get("merged", 1) > 1) == 21


def test_positions_that_cannot_be_resumed_are_answered_by_snapshots(
    server: Server, connect: Connect, store: Store
) -> None:
    bus = RealBus(store, 5, 4, 3)
    bus.act((1, 1))
    epoch = bus.read_top().epoch
    listener = connect(server)

    def ask(channel: str, epoch: str, seq: int) -> tuple[bool, str]:
        listener.say(op="subscribe", channel=channel, id=1, since={"epoch": epoch, "seq": seq})
        return listener.hear_until("subscribed", id=1)["recovered"], listener.hear()["event"]

    wait_until(lambda: listener.subscribe()[0]["epoch"] == epoch)
    for channel in (OWN, LEADERBOARD):
        assert ask(channel, epoch, 999) == (False, "snapshot")
        assert ask(channel, "another", 1) == (False, "snapshot")
        assert ask(channel, "", 0) == (False, "snapshot")


def test_a_hole_is_filled_from_the_stream(
    start_server: StartServer, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = RealBus(store, 5, 4, 3)
    bus.act((1, 1))
    client = Client(2, 10, time.monotonic)
    listener = resume(start_server(), connect, client)
    hear_answers(listener, client)
    with monkeypatch.context() as patched:
        patched.setattr(keys, "bus_channel", lambda _board: "nobody listens here")
        bus.act((2, 5))
        bus.act((3, 10), (2, 0))
    bus.act((2, 1), (1, 1))
    hear_until_current(listener, client, bus)
    asked = [event["id"] for event in client.events if event["event"] == "subscribed"]
    assert asked == [OWN, LEADERBOARD], "nobody had to start again"
