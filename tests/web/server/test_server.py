"""The API as the Procfile serves it, over real sockets: what the server itself has to refuse."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from domain.clients.model import UNKNOWN_ADDRESS
from tests.conftest import Stores
from tests.factories import JWT_SECRET, make_settings
from tests.waiting import wait_until
from tests.web.http.bodies import make_body
from web.access.tokens import TokenCodec
from web.server.request_body import BODY_SECONDS

ROOT = Path(__file__).parents[3]
JSON = b"Host: x\r\nContent-Type: application/json\r\n"
START_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """A running API."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def send(self, raw: bytes) -> socket.socket:
        """Open a connection and send these bytes."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(raw)
        return connection

    def ask(self, raw: bytes) -> bytes:
        """Send these bytes and return everything until the server closes."""
        with self.send(raw) as connection:
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def post_action(body: dict[str, object], *, prefer: str = "respond-async") -> bytes:
    """Return a whole request that posts an action of a new player."""
    token = TokenCodec(make_settings()).issue(user_id=uuid4(), username=None)
    raw = json.dumps(body).encode()
    head = (
        f"POST /api/actions/complete HTTP/1.1\r\nAuthorization: Bearer {token}\r\n"
        f"Prefer: {prefer}\r\nConnection: close\r\nContent-Length: {len(raw)}\r\n"
    )
    return head.encode() + JSON + b"\r\n" + raw


@pytest.fixture(scope="module")
def server(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The Procfile's `api` line on a free port."""
    with start(stores, tmp_path_factory.mktemp("api")) as running:
        yield running


class start:  # noqa: N801 - used like a function, as a context
    """Run the Procfile's `api` line until the end of the context."""

    def __init__(self, stores: Stores, home: Path):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (line,) = (
            line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("api:")
        )
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": stores.database_url,
            "REDIS_URL": stores.redis_url,
            "JWT_SECRET": JWT_SECRET,
            "LAUREL_ENV": "test",
            "LAUREL_HOME": str(home),
            "PORT": str(port),
        }
        log = home / "api.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {line.partition(':')[2].strip()}"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.server = Server(process, port, log)

    def __enter__(self) -> Server:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                self.server.ask(
                    b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                )
            except ConnectionRefusedError:
                time.sleep(0.1)
            else:
                return self.server
        raise AssertionError(shlex.quote(self.server.log.read_text()))

    def __exit__(self, *_: object) -> None:
        if self.server.process.poll() is None:
            os.killpg(self.server.process.pid, signal.SIGTERM)
            try:
                self.server.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.server.process.pid, signal.SIGKILL)
                self.server.process.wait(5)


def chunked(*, framing: bytes, end: bytes) -> bytes:
    """Return a whole request whose action comes in one chunk, with this framing and this end."""
    head, _, raw = post_action(make_body()).partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    framing = framing.replace(b"@", b"%d" % len(raw))
    return b"\r\n".join(kept) + b"\r\n" + framing + b"\r\n\r\n%x\r\n%b" % (len(raw), raw) + end


@pytest.mark.parametrize(
    "framing",
    [
        b"Transfer-Encoding: chunked",
        b"Content-Length: @\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: @",
        b"Transfer-Encoding: gzip, chunked",
        b"transfer-encoding: CHUNKED\r\ncontent-length: 0",
        b"Content-Length: @\r\nTransfer-Encoding: identity",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ],
)
@pytest.mark.parametrize(
    "end", [b"\r\n0\r\n\r\n", b"\r\n0\r\nX", b"\r\n", b"", b"XX0\r\n\r\n", b"\r\n0\r\n"]
)
def test_chunks_are_refused_whole_broken_or_beside_a_length(
    server: Server, stores: Stores, framing: bytes, end: bytes
) -> None:
    before = count_actions(stores)
    assert server.ask(chunked(framing=framing, end=end)).startswith(b"HTTP/1.1 400 ")
    assert count_actions(stores) == before


def count_actions(stores: Stores) -> int:
    """Return how many actions are stored."""
    with psycopg2.connect(stores.database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM action_ids")
        return int(cursor.fetchone()[0])  # type: ignore[index]


def test_two_lengths_are_refused_and_the_connection_closed(server: Server) -> None:
    answer = server.ask(
        b"POST /api/auth/login HTTP/1.1\r\n"
        + JSON
        + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "
    )
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_headers_beyond_reason_are_refused(server: Server) -> None:
    answer = server.ask(b"GET / HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 600_000 + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_60_kb_token_is_refused(server: Server) -> None:
    answer = server.ask(
        b"GET /api/leaderboard HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "
        + b"a" * 60_000
        + b"\r\n\r\n"
    )
    assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 431 "))


def test_two_authorization_headers_let_nobody_in(server: Server) -> None:
    token = TokenCodec(make_settings()).issue(user_id=uuid4(), username=None).encode()
    answer = server.ask(
        b"GET /api/leaderboard HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer " + token + b"\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"INVALID_TOKEN" in answer


def test_trace_is_not_allowed(server: Server) -> None:
    answer = server.ask(
        b"TRACE /api/actions/complete HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"allow: OPTIONS, POST" in answer


@pytest.mark.parametrize("path", [b"/api/%00", b"/api/..%2fleaderboard", b"/%ff%fe"])
def test_odd_paths_are_not_found(server: Server, path: bytes) -> None:
    answer = server.ask(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b'"NOT_FOUND"' in answer


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("PATCH", b'{"username":"zoe"}', b"404"),
        ("PATCH", b'{"username":1}', b"400"),
        ("DELETE", b'{"currentPassword":1}', b"400"),
        ("DELETE", b"{", b"400"),
        ("DELETE", b"{}", b"204"),
    ],
)
def test_a_change_and_an_end_of_an_account_have_a_body(
    server: Server, method: str, body: bytes, status: bytes, chunked: bool
) -> None:
    head = change_own_account(method) + JSON
    if chunked:
        raw = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        raw = b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    # A chunked body is refused, whatever is in it.
    assert server.ask(head + raw).split(b" ")[1] == (b"400" if chunked else status)


@pytest.mark.parametrize("length", [b"", b"Content-Length: 0\r\n"])
def test_the_end_of_an_account_without_a_password_needs_no_body(
    server: Server, length: bytes
) -> None:
    answer = server.ask(change_own_account("DELETE") + b"Host: x\r\n" + length + b"\r\n")
    assert answer.split(b" ")[1] == b"204"


def change_own_account(method: str) -> bytes:
    """Return the beginning of a request of a new player about the own account."""
    token = TokenCodec(make_settings()).issue(user_id=uuid4(), username=None)
    return (
        f"{method} /api/users/me HTTP/1.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
    ).encode()


def test_an_action_is_taken_and_an_answer_in_the_making_outlives_a_stop(
    stores: Stores, tmp_path: Path
) -> None:
    with start(stores, tmp_path) as server:
        taken = server.ask(post_action(make_body()))
        assert taken.startswith(b"HTTP/1.1 202 ")
        with server.send(post_action(make_body(), prefer="wait=1")) as waiting:
            time.sleep(0.3)
            os.killpg(server.process.pid, signal.SIGTERM)
            assert read_all(waiting).startswith(b"HTTP/1.1 202 ")
        assert server.process.wait(15) == 0
        assert '"event":"stopped"' in server.log.read_text()


def list_children(pid: int) -> list[int]:
    """Return the processes that this one has started."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def list_workers(server: Server) -> list[int]:
    """Return the processes of the server that answer requests."""
    return [
        pid
        for pid in list_children(server.process.pid)
        if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def answers(server: Server) -> bool:
    """Return whether the server takes an action."""
    try:
        return server.ask(post_action(make_body())).startswith(b"HTTP/1.1 202 ")
    except OSError:
        return False


def test_a_process_that_ends_itself_is_replaced(stores: Stores, tmp_path: Path) -> None:
    with start(stores, tmp_path) as server:
        wait_until(lambda: answers(server))
        (worker,) = list_workers(server)
        os.kill(worker, signal.SIGTERM)
        wait_until(lambda: list_workers(server) not in ([worker], []))
        wait_until(lambda: answers(server))
        assert server.process.poll() is None


def test_a_name_with_an_underscore_does_not_pass_for_a_header(server: Server) -> None:
    token = TokenCodec(make_settings()).issue(user_id=uuid4(), username=None).encode()
    answer = server.ask(
        b"GET /api/leaderboard HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer " + token + b"\r\nX_Request_ID: forged\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"forged" not in answer


@pytest.mark.parametrize(
    ("header", "is_named"),
    [(b"X-Client-Fingerprint", True), (b"X_Client_Fingerprint", False), (b"User-Agent", False)],
)
def test_what_the_headers_say_of_the_device_is_stored_with_the_action(
    server: Server, stores: Stores, header: bytes, is_named: bool
) -> None:
    body = make_body()
    raw = post_action(body).replace(b"Prefer:", header + b": canary\r\nPrefer:", 1)
    assert server.ask(raw).startswith(b"HTTP/1.1 202 ")
    with psycopg2.connect(stores.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT names_device, address, country FROM action_batches"
            " JOIN clients ON client_no = client_nos[1]"
            " WHERE action_ids @> ARRAY[CAST(%s AS uuid)]",
            (body["actionId"],),
        )
        assert cursor.fetchall() == [(is_named, str(UNKNOWN_ADDRESS), "")]
    assert "canary" not in server.log.read_text()
    # A value that is not ASCII says nothing, and harms nothing.
    again = post_action(make_body()).replace(b"Prefer:", header + b": \xff\r\nPrefer:", 1)
    assert server.ask(again).startswith(b"HTTP/1.1 202 ")


def test_a_body_that_ends_early_is_the_client_s_error(server: Server) -> None:
    whole = post_action(make_body())
    with server.send(whole[:-10]) as connection:
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert not answer or answer.startswith(b"HTTP/1.1 400 ")
    assert '"event":"unexpected error"' not in server.log.read_text()


def test_a_query_that_is_not_ascii_is_refused_in_the_envelope(server: Server) -> None:
    token = TokenCodec(make_settings()).issue(user_id=uuid4(), username=None)
    answer = server.ask(
        f"GET /api/leaderboard?limit=日 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_forwarded_address_that_is_not_ascii_does_not_pass_for_none(server: Server) -> None:
    answer = server.ask(
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"X-Forwarded-For: \xff, 203.0.113.7\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_after_a_body_that_nobody_read_the_connection_goes_on_or_ends(server: Server) -> None:
    head = b"POST /api/actions/batch HTTP/1.1\r\n" + JSON + b"Content-Length: 300000\r\n"
    refused = head + b"Authorization: Bearer x\r\n\r\n" + b" " * 300_000
    for _ in range(5):
        with server.send(b"") as connection, suppress(ConnectionError):
            # Silence would be a TimeoutError, which is not a ConnectionError.
            connection.sendall(refused)
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert read_all(connection).startswith(b"HTTP/1.1 401 ")


@pytest.mark.slow
def test_hundreds_of_bodies_that_never_come_hold_nobody_up_and_are_let_go(server: Server) -> None:
    codec = TokenCodec(make_settings())
    head = "POST {} HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Length: 100\r\n"
    stalled = []
    for path in ("/api/auth/login", "/api/actions/complete"):
        for _ in range(200):
            token = codec.issue(user_id=uuid4(), username=None)
            stalled.append(server.send(head.format(path, token).encode() + JSON + b"\r\n{"))
    started = time.monotonic()
    assert server.ask(post_action(make_body())).startswith(b"HTTP/1.1 202 ")
    assert time.monotonic() - started < BODY_SECONDS / 2
    for connection in stalled:
        connection.settimeout(2 * BODY_SECONDS)
        answer = read_all(connection)
        connection.close()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"MALFORMED_JSON" in answer
    assert time.monotonic() - started < 2 * BODY_SECONDS
