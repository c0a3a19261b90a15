"""Who may not open a socket is told so in plain HTTP, before the upgrade."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from domain.accounts.tickets import TicketHolder, issue_ticket
from domain.store.store import Store
from tests.waiting import wait_until
from tests.web.live.client import Listener
from tests.web.live.conftest import Connect, StartServer
from tests.web.live.server import Server

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "laurel.v1",
}


@dataclass
class Answer:
    """What came instead of, or as, the upgrade."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The error's code; the envelope is checked on the way."""
        error = self.body["error"]
        assert self.body["success"] is False
        assert {"code", "message", "timestamp", "requestId"} <= error.keys()
        assert self.headers["X-Request-ID"] == error["requestId"]
        return str(error["code"])


def ask(
    server: Server, headers: Mapping[str, str | None], path: str = "/ws", method: str = "GET"
) -> Answer:
    """Send a handshake with these headers instead of the usual ones (None: without)."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    merged = {**HANDSHAKE, **headers}
    try:
        connection.request(
            method, path, headers={name: value for name, value in merged.items() if value}
        )
        answer = connection.getresponse()
        raw = answer.read() if answer.status != 101 else b"{}"
        return Answer(answer.status, dict(answer.getheaders()), orjson.loads(raw or b"{}"))
    finally:
        connection.close()


@pytest.fixture
def bearer(token: Callable[..., str]) -> dict[str, str]:
    """The header of a good token."""
    return {"Authorization": f"Bearer {token()}"}


@pytest.fixture
def make_ticket(store: Store) -> Callable[..., str]:
    """Issue a ticket as the API does."""

    def make(user_id: UUID | None = None, *, origin: str | None, age_seconds: int = 0) -> str:
        now = datetime.now(UTC)
        holder = TicketHolder(user_id or uuid4(), None, now, now + timedelta(hours=1))
        issued_at = now - timedelta(seconds=age_seconds)
        return issue_ticket(store, holder=holder, origin=origin, now=issued_at)

    return make


def test_a_good_token_is_let_in(server: Server, bearer: dict[str, str]) -> None:
    answer = ask(server, bearer)
    assert answer.status == 101
    assert answer.headers["Sec-WebSocket-Protocol"] == "laurel.v1"


def test_without_a_credential_there_is_no_upgrade(server: Server) -> None:
    answer = ask(server, {})
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("name", ["token", "jwt", "access_token", "ticket"])
def test_a_token_in_the_address_is_none(
    server: Server, token: Callable[..., str], name: str
) -> None:
    answer = ask(server, {}, path=f"/ws?{name}={token()}")
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("Basic abc", "UNAUTHORIZED"),
        ("Bearer", "INVALID_TOKEN"),
        ("Bearer one two", "INVALID_TOKEN"),
        ("Bearer not.a.token", "INVALID_TOKEN"),
    ],
)
def test_a_bad_authorization_is_refused(server: Server, value: str, code: str) -> None:
    answer = ask(server, {"Authorization": value})
    assert (answer.status, answer.code) == (401, code)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:18000.evil.example",
        "https://127.0.0.1:18000",
        "http://127.0.0.1:18000/",
        "http://127.0.0.1",
    ],
)
def test_a_foreign_origin_is_refused(server: Server, bearer: dict[str, str], origin: str) -> None:
    answer = ask(server, {**bearer, "Origin": origin})
    assert (answer.status, answer.code) == (403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:18000", "http://localhost:18000"])
def test_the_own_origin_is_allowed(server: Server, bearer: dict[str, str], origin: str) -> None:
    assert ask(server, {**bearer, "Origin": origin}).status == 101


def test_allowed_origins_are_allowed_to_the_letter(
    start_server: StartServer, bearer: dict[str, str]
) -> None:
    server = start_server(ALLOWED_ORIGINS="https://ok.tld")
    statuses = {
        origin: ask(server, {**bearer, "Origin": origin}).status
        for origin in ("https://ok.tld", "https://ok.evil.tld", "http://ok.tld")
    }
    assert list(statuses.values()) == [101, 403, 403]


def test_a_ticket_lets_in_once_and_is_not_echoed(
    server: Server, make_ticket: Callable[..., str]
) -> None:
    offer = {"Sec-WebSocket-Protocol": f"laurel.v1, ticket.{make_ticket(origin=server.origin)}"}
    first = ask(server, {**offer, "Origin": server.origin})
    assert first.status == 101
    assert first.headers["Sec-WebSocket-Protocol"] == "laurel.v1"
    second = ask(server, {**offer, "Origin": server.origin})
    assert (second.status, second.code) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize(
    ("issued_for", "age_seconds"),
    [("http://127.0.0.1:18000", 31), ("https://other.example", 0), (None, 0)],
)
def test_a_ticket_that_is_old_or_of_another_origin_is_refused(
    server: Server, make_ticket: Callable[..., str], issued_for: str | None, age_seconds: int
) -> None:
    ticket = make_ticket(origin=issued_for, age_seconds=age_seconds)
    answer = ask(
        server,
        {"Sec-WebSocket-Protocol": f"laurel.v1, ticket.{ticket}", "Origin": server.origin},
    )
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize("offer", ["laurel.v1, ticket.unknown", "laurel.v1, ticket."])
def test_a_made_up_ticket_is_refused(server: Server, offer: str) -> None:
    answer = ask(server, {"Sec-WebSocket-Protocol": offer, "Origin": server.origin})
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")


def test_one_user_has_so_many_sockets_and_a_closed_one_is_free_again(
    server: Server, connect: Connect, token: Callable[..., str]
) -> None:
    user = uuid4()
    listeners = [connect(server, user) for _ in range(5)]
    headers = {"Authorization": f"Bearer {token(user)}"}
    answer = ask(server, headers)
    assert (answer.status, answer.code) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(answer.headers["Retry-After"]) > 0
    listeners[0].raw.close()
    wait_until(lambda: ask(server, headers).status == 101)


def test_dead_sockets_give_way_to_a_living_one_and_its_ticket_stays_good(
    server: Server, connect: Connect, make_ticket: Callable[..., str]
) -> None:
    user = uuid4()
    # Nothing reads from these: they answer no ping.
    for _ in range(5):
        connect(server, user)
    offer = f"laurel.v1, ticket.{make_ticket(user, origin=None)}"
    headers = {"Sec-WebSocket-Protocol": offer}
    first = ask(server, headers)
    assert (first.status, first.code) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(first.headers["Retry-After"]) <= 3
    statuses = [429]
    # Sooner than their heartbeat would find them dead.
    wait_until(
        lambda: statuses.append(ask(server, headers).status) or statuses[-1] != 429,
        timeout_seconds=15,
    )
    assert statuses[-1] == 101


def test_living_sockets_do_not_give_way(
    server: Server, connect: Connect, token: Callable[..., str]
) -> None:
    user = uuid4()
    living = [connect(server, user) for _ in range(5)]
    headers = {"Authorization": f"Bearer {token(user)}"}
    for _ in range(5):
        assert ask(server, headers).status == 429
        # Reading answers the ping, which was sent before the refusal.
        assert all(listener.hears_nothing(0.05) for listener in living)


def test_the_process_has_so_many_sockets(
    start_server: StartServer, connect: Connect, bearer: dict[str, str]
) -> None:
    server = start_server(MAX_SOCKETS="2")
    connect(server)
    connect(server)
    answer = ask(server, bearer)
    assert (answer.status, answer.code) == (429, "RATE_LIMIT_EXCEEDED")


def test_a_refused_or_broken_handshake_takes_no_seat(
    start_server: StartServer, bearer: dict[str, str]
) -> None:
    server = start_server(MAX_SOCKETS="1")
    for headers in ({}, {"Sec-WebSocket-Key": "short"}, {"Origin": "https://evil.example"}):
        assert ask(server, {**bearer, "Authorization": None, **headers}).status != 101
    wait_until(lambda: ask(server, bearer).status == 101)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": None, "Connection": None}, 426),
        ({"Upgrade": "h2c"}, 426),
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Version": None}, 426),
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400),
        ({"Sec-WebSocket-Key": "not base64!"}, 400),
        ({"Content-Length": "5"}, 400),
    ],
)
def test_what_is_not_a_handshake_is_refused(
    server: Server, bearer: dict[str, str], headers: dict[str, str | None], status: int
) -> None:
    answer = ask(server, {**bearer, **headers})
    assert answer.status == status
    assert answer.code == {426: "UPGRADE_REQUIRED", 400: "INVALID_PAYLOAD"}[status]
    if status == 426:
        assert answer.headers["Upgrade"] == "websocket"


@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE"])
def test_other_methods_open_nothing(server: Server, bearer: dict[str, str], method: str) -> None:
    assert ask(server, bearer, method=method).status in (405, 426)


def test_an_odd_host_or_header_does_not_break_the_handshake(
    server: Server, bearer: dict[str, str]
) -> None:
    odd = {"Host": "x" * 300 + ".\xe9", "X-Odd": "\xff" * 500, "Cookie": "a" * 7000}
    assert ask(server, {**bearer, **odd}).status == 101


def test_compression_is_not_negotiated(server: Server, bearer: dict[str, str]) -> None:
    answer = ask(server, {**bearer, "Sec-WebSocket-Extensions": "permessage-deflate"})
    assert answer.status == 101
    assert "Sec-WebSocket-Extensions" not in answer.headers


def test_a_client_that_offers_no_subprotocol_is_served(
    server: Server, token: Callable[..., str]
) -> None:
    headers = [f"Authorization: Bearer {token()}"]
    with Listener(server.url, headers, subprotocols=None) as listener:
        assert listener.hear()["event"] == "welcome"


def test_a_client_of_another_version_is_told_so(server: Server, token: Callable[..., str]) -> None:
    headers = [f"Authorization: Bearer {token()}"]
    with Listener(server.url, headers, subprotocols=["laurel.v2"]) as listener:
        assert listener.close_code() == 4505


def test_unknown_paths_have_the_envelope(server: Server) -> None:
    answer = ask(server, {"Upgrade": None, "Connection": None}, path="/nothing")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
