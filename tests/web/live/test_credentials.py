"""A socket lives as long as its token, its session and its server."""

import signal
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import websocket

from domain.settings import Settings
from domain.store.postgres.accounts.revocations import RevocationKind, insert_revocation
from domain.store.store import Store
from tests.bans import ban, unban
from tests.factories import make_player
from tests.waiting import wait_until
from tests.web.live.client import Listener
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.server import Server
from web.access.tokens import TokenCodec

# Who waited for gunicorn to cut what is open would wait for this long.
PATIENT = "--graceful-timeout 120"


def test_a_token_about_to_end_is_announced_and_its_end_closes(
    server: Server, connect: Connect, token: Callable[..., str]
) -> None:
    listener = connect(server, bearer=token(lifetime_seconds=3))
    warning = listener.hear()
    assert warning["event"] == "auth_expiring"
    left = datetime.fromisoformat(warning["expiresAt"]) - datetime.now(UTC)
    assert timedelta(0) < left < timedelta(seconds=4)
    assert listener.close_code() == 4401


def test_a_newer_token_keeps_the_socket_open(
    server: Server, connect: Connect, token: Callable[..., str]
) -> None:
    user = uuid4()
    listener = connect(server, bearer=token(user, lifetime_seconds=2))
    listener.say(op="auth", id=1, token=token(user))
    answer = listener.hear_until("authenticated")
    assert answer["id"] == 1
    ends_at = datetime.fromisoformat(answer["expiresAt"])
    assert ends_at > datetime.now(UTC) + timedelta(minutes=50)
    time.sleep(3.2)
    listener.say(op="ping", id="still here")
    assert listener.hear_until("pong")["id"] == "still here"


def test_another_users_token_extends_nothing(
    server: Server, connect: Connect, token: Callable[..., str]
) -> None:
    listener = connect(server)
    listener.say(op="auth", id=1, token=token(uuid4()))
    assert listener.hear()["code"] == "FORBIDDEN"


def test_a_bad_token_in_band_closes(server: Server, connect: Connect) -> None:
    listener = connect(server)
    listener.say(op="auth", id=1, token="not.a.token")
    assert listener.close_code() == 4501


def test_the_end_of_a_session_closes_its_sockets_and_no_others(
    server: Server, connect: Connect, token: Callable[..., str], settings: Settings, store: Store
) -> None:
    user, ended, other = uuid4(), uuid4(), uuid4()
    closed = connect(server, bearer=token(user, session_id=ended))
    kept = connect(server, bearer=token(user, session_id=other))
    _revoke(store, RevocationKind.SESSION, str(ended))
    started = time.monotonic()
    assert closed.close_code() == 4401
    assert time.monotonic() - started < 3
    kept.say(op="ping", id=1)
    assert kept.hear()["event"] == "pong"


def test_a_revoked_token_and_a_revoked_user_lose_their_sockets(
    server: Server, connect: Connect, token: Callable[..., str], settings: Settings, store: Store
) -> None:
    user = uuid4()
    bearer = token()
    by_jti = connect(server, bearer=bearer)
    by_user = connect(server, user)
    time.sleep(0.01)
    _revoke(store, RevocationKind.JTI, TokenCodec(settings).decode(bearer).jti)
    _revoke(store, RevocationKind.USER, str(user))
    assert by_jti.close_code() == 4401
    assert by_user.close_code() == 4401


def test_a_banned_player_loses_every_socket_and_gets_none(
    server: Server, connect: Connect, token: Callable[..., str], store: Store
) -> None:
    player, other = make_player(store).user_id, make_player(store).user_id
    listeners, kept = [connect(server, player) for _ in range(2)], connect(server, other)
    ban(store, player)
    assert {listener.close_code() for listener in listeners} == {4503}
    # A new token is good, for reading.
    headers = [f"Authorization: Bearer {token(player)}"]
    with Listener(server.url, headers) as refused:
        assert refused.close_code() == 4503
    unban(store, player)
    wait_until(lambda: _is_welcome(server, headers))
    kept.say(op="ping")
    kept.hear_until("pong")


def test_a_server_that_stops_says_so_to_every_socket_and_is_gone_soon(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server(GUNICORN_CMD_ARGS=PATIENT)
    listeners: list[Listener] = [connect(server) for _ in range(20)]
    server.process.send_signal(signal.SIGTERM)
    waits = [listener.hear_until("going_away")["retryAfterMs"] for listener in listeners]
    assert {listener.close_code() for listener in listeners} == {1001}
    assert len(set(waits)) > 5
    assert all(0 <= wait < 60_000 for wait in waits)
    for listener in listeners:
        listener.raw.close()
    assert server.process.wait(timeout=30) == 0


def test_a_rolling_restart_sends_everybody_away_and_refuses_nobody(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    listeners: list[Listener] = [connect(server) for _ in range(20)]
    before = server.worker_pid()
    server.process.send_signal(signal.SIGHUP)
    waits = [listener.hear_until("going_away")["retryAfterMs"] for listener in listeners]
    assert {listener.close_code() for listener in listeners} == {1001}
    assert len(set(waits)) > 5

    # The port stays open meanwhile: who comes at once waits for the successor, or is told to wait.
    server.wait()
    wait_until(lambda: before not in server.worker_pids())
    connect(server)


def test_a_server_that_stops_does_not_wait_for_the_deaf(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server(GUNICORN_CMD_ARGS=PATIENT)
    connect(server)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=30) == 0


def _is_welcome(server: Server, headers: Sequence[str]) -> bool:
    with Listener(server.url, headers) as listener:
        try:
            return listener.hear()["event"] == "welcome"
        except AssertionError:
            return False


def _revoke(store: Store, kind: RevocationKind, subject: str) -> None:
    with store.write() as connection:
        insert_revocation(
            connection,
            kind=kind,
            subject=subject,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )


def test_a_spectator_listens_and_is_refused_where_there_are_none(
    server: Server, connect: Connect, start_server: StartServer, token: Callable[..., str]
) -> None:
    bearer = token(roles=["spectator"])
    listener = connect(server, bearer=bearer)
    listener.say(op="subscribe", id=1, channel="leaderboard")
    assert listener.hear_until("snapshot")["channel"] == "leaderboard"
    closed = start_server(SPECTATORS="false")
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(closed, bearer=bearer)
    assert refused.value.status_code == 401
