"""Who gets no stream is told so in plain HTTP; what ends one is its last event."""

import signal
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from domain.store.store import Store
from tests.bans import ban
from tests.factories import make_player
from tests.waiting import wait_until
from tests.web.live.bus import Bus
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.server import Server
from tests.web.live.streams.conftest import Open
from tests.web.live.streams.stream import Stream
from tests.web.live.test_events import follow


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"channels": ""}, 400, "INVALID_PAYLOAD"),
        ({"channels": "secrets"}, 400, "INVALID_PAYLOAD"),
        ({"channels": ",".join(f"leaderboard:b{n}" for n in range(32))}, 400, "INVALID_PAYLOAD"),
        ({"limit": "0"}, 400, "INVALID_PAYLOAD"),
        ({"limit": "101"}, 400, "INVALID_PAYLOAD"),
        ({"limit": "ten"}, 400, "INVALID_PAYLOAD"),
        ({"limit": "9" * 3000}, 400, "INVALID_PAYLOAD"),
        ({"channels": "around:weekly:self", "neighbors": "11"}, 400, "INVALID_PAYLOAD"),
        ({"channels": "leaderboard:weekly", "segment": ""}, 400, "INVALID_PAYLOAD"),
        ({"token": "x"}, 400, "INVALID_PAYLOAD"),
        ({"channels": f"user:{uuid4()}"}, 403, "FORBIDDEN"),
        ({"method": "HEAD"}, 405, None),
        ({"method": "POST"}, 405, "METHOD_NOT_ALLOWED"),
        ({"headers": {"Content-Length": "5"}}, 400, "INVALID_PAYLOAD"),
        ({"headers": {"Origin": "https://evil.example"}}, 403, "ORIGIN_NOT_ALLOWED"),
        ({"headers": {"Origin": "null"}}, 403, "ORIGIN_NOT_ALLOWED"),
        ({"headers": {"Origin": "http://127.0.0.1:18000.evil.example"}}, 403, "ORIGIN_NOT_ALLOWED"),
        ({"headers": {"Authorization": "Basic abc"}}, 401, "UNAUTHORIZED"),
        ({"headers": {"Authorization": "Bearer not.a.token"}}, 401, "INVALID_TOKEN"),
    ],
)
def test_what_cannot_be_served_is_refused_before_the_stream(
    server: Server, open_stream: Open, query: dict[str, object], status: int, code: str | None
) -> None:
    before = server.health()["sockets"]
    stream = open_stream(server, **query)
    assert stream.status == status
    if code is not None:
        assert stream.body["error"]["code"] == code
    assert server.health()["sockets"] == before


def test_a_token_in_the_address_is_none(server: Server, token: Callable[..., str]) -> None:
    with Stream(server, {}, channels="leaderboard", token=token()) as stream:
        assert (stream.status, stream.body["error"]["code"]) == (401, "UNAUTHORIZED")


def test_streams_and_sockets_of_a_user_share_a_limit(
    server: Server, open_stream: Open, connect: Connect
) -> None:
    user = uuid4()
    connect(server, user)
    streams = [open_stream(server, user) for _ in range(4)]
    refused = open_stream(server, user)
    assert (refused.status, refused.body["error"]["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(refused.headers["retry-after"]) > 0
    # They are alive: their systems acknowledge what they are sent.
    assert open_stream(server, user).status == 429
    streams[0].close()
    wait_until(lambda: open_stream(server, user).status == 200)


def test_pages_of_allowed_origins_may_stream(start_server: StartServer, open_stream: Open) -> None:
    server = start_server(ALLOWED_ORIGINS="https://ok.tld")
    origin = {"Origin": "https://ok.tld"}
    asked = {
        **origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,last-event-id",
    }
    preflight = open_stream(server, headers={**asked, "Authorization": ""}, method="OPTIONS")
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "https://ok.tld"
    allowed = preflight.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "last-event-id"} <= set(allowed)
    stream = open_stream(server, headers=origin)
    assert (stream.status, stream.headers["vary"]) == (200, "Origin")
    assert stream.headers["access-control-allow-origin"] == "https://ok.tld"
    stream.hear_until("snapshot")
    refused = open_stream(server, headers=origin, bearer="not.a.token")
    assert refused.headers["access-control-allow-origin"] == "https://ok.tld"
    for foreign in ("https://ok.evil.tld", "http://ok.tld"):
        answer = open_stream(server, headers={"Origin": foreign})
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers


def test_the_end_of_the_token_ends_the_stream(
    server: Server, open_stream: Open, token: Callable[..., str]
) -> None:
    stream = open_stream(server, bearer=token(lifetime_seconds=3))
    stream.hear_until("auth_expiring")
    assert stream.end_code() == 4401


def test_a_banned_player_loses_the_stream_and_gets_none(
    server: Server, open_stream: Open, store: Store
) -> None:
    player = make_player(store).user_id
    stream = open_stream(server, player)
    ban(store, player)
    assert stream.end_code() == 4503
    refused = open_stream(server, player)
    assert (refused.status, refused.body["error"]["code"]) == (403, "BANNED")


def test_a_server_that_stops_says_when_to_come_back(
    start_server: StartServer, open_stream: Open
) -> None:
    server = start_server()
    streams = [open_stream(server) for _ in range(5)]
    for stream in streams:
        stream.hear_until("snapshot")
    server.process.send_signal(signal.SIGTERM)
    for stream in streams:
        wait_ms = stream.hear_until("going_away")["retryAfterMs"]
        assert stream.end_code() == 1001
        assert stream.retry_ms == wait_ms
    assert server.process.wait(timeout=20) == 0


def test_a_client_that_never_reads_is_evicted(
    server: Server, open_stream: Open, connect: Connect, bus: Bus
) -> None:
    players = bus.begin(*range(200, 100, -1))
    quick = connect(server)
    follow(quick, bus, limit=100)
    before = server.health()["sockets"]
    open_stream(server, limit="100", receive_buffer_bytes=4096)
    wait_until(lambda: server.health()["sockets"] == before + 1)
    started = time.monotonic()
    while server.health()["sockets"] > before and time.monotonic() - started < 20:
        bus.act(*((player, 1) for player in players))
        quick.hear_until("leaderboard_changed", seq=bus.seq)
    assert server.health()["sockets"] == before


def test_a_client_that_says_more_is_ended(server: Server, open_stream: Open) -> None:
    stream = open_stream(server)
    stream.hear_until("snapshot")
    stream.raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert stream.hear_until("end")["code"] == 1002


def test_a_client_that_vanishes_leaves_nothing(server: Server, open_stream: Open) -> None:
    before = server.health()["sockets"]
    stream = open_stream(server)
    stream.hear_until("snapshot")
    assert server.health()["sockets"] == before + 1
    stream.close()
    wait_until(lambda: server.health()["sockets"] == before)
