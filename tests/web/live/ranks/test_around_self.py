"""`around:self`: the rows around oneself on the global board."""

import time
from typing import Any
from uuid import uuid4

import pytest

from tests.web.live.client import Listener
from tests.web.live.conftest import Connect
from tests.web.live.ranks.playing import Game
from tests.web.live.server import Server
from workers.context import WorkerContext

Event = dict[str, Any]
SCORES = range(200, 60, -10)


def follow(listener: Listener, channel: str = "around:self", **options: Any) -> tuple[Event, Event]:
    """Follow the channel, and return `subscribed` and the snapshot."""
    listener.say(op="subscribe", channel=channel, id="around", **options)
    return listener.hear_until("subscribed", id="around"), listener.hear_until("snapshot")


def read_rows(event: Event) -> list[tuple[int, str, int]]:
    return [(row["rank"], row["userId"], row["score"]) for row in event["around"]]


def hear_until_true(listener: Listener, game: Game, me: int, limit: int) -> Event:
    """Return the event that shows the rows as they are."""
    player = game.players[me]
    while True:
        event = listener.hear_until("around")
        if read_rows(event) == game.rows_around(player, limit):
            return event


@pytest.mark.parametrize("channel", ["around:self", "around:global:self"])
def test_a_snapshot_has_five_rows_on_either_side(
    server: Server, connect: Connect, worker_context: WorkerContext, channel: str
) -> None:
    game = Game(worker_context, *SCORES)
    me = game.players[6]
    subscribed, snapshot = follow(connect(server, me), channel)
    assert subscribed == {
        "event": "subscribed",
        "id": "around",
        "channel": "around:self",
        "epoch": "",
        "seq": 0,
        "recovered": False,
    }
    assert read_rows(snapshot) == game.rows_around(me, 5)
    assert len(snapshot["around"]) == 11
    assert snapshot["you"] == snapshot["around"][5]
    assert set(snapshot["you"]) == {"rank", "userId", "username", "score", "lastUpdate"}
    assert (snapshot["channel"], snapshot["gapToNext"]) == ("around:self", 10)
    assert snapshot["totalUsers"] == len(SCORES)
    assert set(snapshot) == {
        "event", "channel", "you", "gapToNext", "around", "totalUsers", "timestamp"
    }  # fmt: skip


def test_the_first_has_no_gap_and_since_gives_a_snapshot(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, *SCORES)
    listener = connect(server, game.players[0])
    subscribed, snapshot = follow(listener, since={"epoch": "", "seq": 0}, limit=10)
    assert subscribed["recovered"] is False
    assert (snapshot["you"]["rank"], snapshot["gapToNext"]) == (1, None)
    assert len(snapshot["around"]) == 11


def test_what_changes_nothing_around_is_not_told(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, *SCORES)
    listener = connect(server, game.players[6])
    follow(listener, limit=1)
    game.act((game.players[0], 5), (game.players[13], 5))
    assert listener.hears_nothing(0.7)
    game.act((game.players[13], 60))
    event = listener.hear_until("around")
    assert read_rows(event) == game.rows_around(game.players[6], 1)
    assert event["you"]["rank"] == 7
    listener.say(op="unsubscribe", channel="around:self", id=9)
    listener.hear_until("unsubscribed", id=9)
    game.act((game.players[5], 1))
    assert listener.hears_nothing(0.7)


def test_each_follower_ends_with_the_rows_as_they_are(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, *SCORES)
    watching = [(0, 1), (5, 2), (6, 5), (12, 1), (13, 10)]
    followers = []
    for me, limit in watching:
        listener = connect(server, game.players[me])
        follow(listener, limit=limit)
        followers.append((listener, me, limit))
    for number in range(20):
        one, other = game.players[(number * 5) % 14], game.players[(number * 3 + 1) % 14]
        game.act((one, number % 7), (other, 11))
    # All of them, last.
    game.act(*((player, 1) for player in game.players))
    for listener, me, limit in followers:
        hear_until_true(listener, game, me, limit)


def test_many_changes_are_few_events(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, 9, 5)
    listener = connect(server, game.players[0])
    follow(listener)
    began, count = time.monotonic(), 0
    for _ in range(8):
        game.act((game.players[1], 1))
    score = 0
    while score != 13:
        count += 1
        score = listener.hear_until("around")["around"][0]["score"]
    assert count <= (time.monotonic() - began) / 0.25 + 1


def test_who_is_not_on_the_board_is_shown_nobody_until_the_first_action(
    server: Server, connect: Connect, worker_context: WorkerContext
) -> None:
    game = Game(worker_context, 9, 5)
    newcomer = uuid4()
    listener = connect(server, newcomer)
    _, snapshot = follow(listener)
    assert (snapshot["you"], snapshot["gapToNext"], snapshot["around"]) == (None, None, [])
    assert snapshot["totalUsers"] == 2
    game.act((newcomer, 7))
    event = listener.hear_until("around")
    assert (event["you"]["rank"], event["gapToNext"], len(event["around"])) == (2, 2, 3)
