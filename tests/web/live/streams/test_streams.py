"""Event streams: the events of the WebSocket, for those who cannot hold one."""

from collections.abc import Callable

import pytest

from tests.web.live.bus import Bus
from tests.web.live.conftest import Connect
from tests.web.live.server import Server
from tests.web.live.streams.conftest import Open
from tests.web.live.streams.stream import Stream
from tests.web.live.test_events import apply, follow


def test_a_stream_begins_as_a_socket_does(
    server: Server, open_stream: Open, connect: Connect, bus: Bus
) -> None:
    bus.begin(500, 400)
    follow(connect(server), bus)
    stream = open_stream(server, channels="leaderboard,user:self", limit="1")
    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["x-request-id"]
    welcome = stream.hear()
    assert (welcome["event"], welcome["heartbeatSeconds"]) == ("welcome", 25)
    subscribed, snapshot = stream.hear(), stream.hear()
    assert (subscribed["event"], subscribed["channel"]) == ("subscribed", "leaderboard")
    assert subscribed["recovered"] is False
    assert (snapshot["event"], len(snapshot["leaderboard"])) == ("snapshot", 1)
    own = stream.hear()
    assert (own["event"], own["channel"]) == ("subscribed", "user:self")


def test_thousands_would_not_come_back_at_once(server: Server, open_stream: Open) -> None:
    waits = set()
    for _ in range(8):
        stream = open_stream(server)
        stream.hear()
        waits.add(stream.retry_ms)
    assert len(waits) > 4
    assert all(wait is not None and 1000 <= wait <= 6000 for wait in waits)


def test_a_stream_has_the_events_of_a_socket(
    server: Server, open_stream: Open, connect: Connect, bus: Bus
) -> None:
    _, second = bus.begin(500, 400)
    listener = connect(server, second)
    follow(listener, bus)
    stream = open_stream(server, second)
    stream.hear_until("snapshot")
    bus.act((second, 150))
    heard = stream.hear_all_until("leaderboard_changed")
    assert {event["event"] for event in heard} == {
        "score_updated",
        "user_position_changed",
        "leaderboard_changed",
    }
    assert heard == [listener.hear() for _ in heard]


def test_the_id_says_where_the_listener_stands_on_each_channel(
    server: Server, open_stream: Open, connect: Connect, bus: Bus
) -> None:
    (player,) = bus.begin(500)
    follow(connect(server), bus)
    stream = open_stream(server, player, channels="leaderboard,user:self")
    stream.hear_until("snapshot", channel="user:self")
    assert stream.last_event_id == f"user:self={bus.epoch}.1;leaderboard={bus.epoch}.1"
    bus.act((player, 5))
    stream.hear_until("leaderboard_changed")
    assert stream.last_event_id == f"user:self={bus.epoch}.2;leaderboard={bus.epoch}.2"


@pytest.mark.parametrize(
    "sent",
    [
        "17",
        "leaderboard",
        "leaderboard=.4",
        "leaderboard=e.-4",
        "leaderboard=e.99999999999999999",
        "leaderboard=other.3",
        "leaderboard=other.3@DE",
        "leaderboard:weekly=e.3;leaderboard=e.1",
        "x" * 5000,
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
    ],
)
def test_an_id_that_is_not_ours_begins_from_a_snapshot(
    server: Server, open_stream: Open, sent: str
) -> None:
    stream = open_stream(server, headers={"Last-Event-ID": sent})
    assert stream.status == 200
    assert stream.hear_until("subscribed")["recovered"] is False
    stream.hear_until("snapshot")


def test_what_is_found_missing_later_is_an_event_and_the_others_go_on(
    server: Server, open_stream: Open
) -> None:
    stream = open_stream(server, channels="leaderboard:nothing,leaderboard")
    error = stream.hear_until("error")
    assert (error["id"], error["code"]) == ("leaderboard:nothing", "NOT_FOUND")
    stream.hear_until("snapshot", channel="leaderboard")


def test_old_http_is_served(server: Server, token: Callable[..., str]) -> None:
    with Stream(
        server, {"Authorization": f"Bearer {token()}"}, version="HTTP/1.0", channels="leaderboard"
    ) as stream:
        stream.hear_until("snapshot")


def test_a_stream_goes_on_from_where_each_channel_was(
    server: Server, open_stream: Open, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(*range(300, 285, -1))
    me = players[14]
    watcher = connect(server)
    follow(watcher, bus)
    channels = "leaderboard,user:self"
    stream = open_stream(server, me, channels=channels)
    known = stream.hear_until("snapshot", channel="leaderboard")
    stream.hear_until("snapshot", channel="user:self")
    stream.close()
    (missed,) = bus.act((me, 500))
    bus.act((players[3], 100))
    watcher.hear_until("leaderboard_changed", seq=bus.seq)
    headers = {"Last-Event-ID": stream.last_event_id}
    again = open_stream(server, me, channels=channels, headers=headers)
    board = again.hear_all_until("leaderboard_changed")
    own = again.hear_all_until("user_position_changed", reason="resumed")
    answers = [event for event in (*board, *own) if event["event"] == "subscribed"]
    assert [(event["channel"], event["recovered"]) for event in answers] == [
        ("leaderboard", True),
        ("user:self", True),
    ]
    known = apply(known, board[-1])
    told = [event["actionId"] for event in own if event["event"] == "score_updated"]
    assert told == [str(missed)]
    assert f"leaderboard={bus.epoch}.3" in again.last_event_id
    fresh = open_stream(server, me).hear_until("snapshot")
    assert known["leaderboard"] == fresh["leaderboard"]


def test_who_hears_only_the_beginning_of_what_was_missed_is_told_all_of_it_again(
    server: Server, open_stream: Open, connect: Connect, bus: Bus
) -> None:
    (me, other) = bus.begin(500, 400)
    watcher = connect(server)
    follow(watcher, bus)
    stream = open_stream(server, me, channels="leaderboard")
    stream.hear_until("snapshot")
    (missed,) = bus.act((me, 1))
    bus.act((other, 1000))
    watcher.hear_until("leaderboard_changed", seq=bus.seq)
    headers = {"Last-Event-ID": stream.last_event_id}
    for channels in ("leaderboard", "leaderboard,user:self"):
        cut = open_stream(server, me, channels=channels, headers=headers)
        # One's own channel is on, named or not.
        for channel in sorted(("leaderboard", "user:self"), reverse=channels == "leaderboard"):
            answer = cut.hear_until("subscribed", channel=channel)
            assert answer["recovered"] is True
            assert f"{channel}={bus.epoch}.{bus.seq}" not in cut.last_event_id
        cut.close()
    whole = open_stream(server, me, headers=headers)
    updates = whole.hear_all_until("leaderboard_changed", seq=bus.seq)
    assert str(missed) in {event.get("actionId") for event in updates}
