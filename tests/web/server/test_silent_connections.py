"""Connections that say nothing, or nothing more: they end by themselves, and keep nobody out."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conftest import Stores
from tests.web.server.test_server import Server, start
from web.server.serve import HEADER_SECONDS, MAX_CONNECTIONS, OTHER_DESCRIPTORS
from web.server.serve import raise_connection_limit as raise_limit

SILENT = 10_000
HONEST_SECONDS = 1.0
# A busy machine may be late with its timers.
LATE_SECONDS = 10.0
REQUEST = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
LAST_REQUEST = REQUEST[:-2] + b"Connection: close\r\n\r\n"


@pytest.fixture
def server(stores: Stores, tmp_path: Path) -> Iterator[Server]:
    """An API for one test."""
    with start(stores, tmp_path) as running:
        yield running


@contextmanager
def many_descriptors(wanted: int) -> Iterator[None]:
    """Allow this process so many descriptors, or skip the test where the system does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"needs {wanted} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def seconds_until_closed(connection: socket.socket) -> float:
    """Wait until the server closes the connection; return how long that took."""
    started = time.monotonic()
    connection.settimeout(HEADER_SECONDS + LATE_SECONDS)
    while connection.recv(65536):
        pass
    return time.monotonic() - started


@pytest.mark.slow
@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHost:", REQUEST], ids=["", "half", "one"]
)
def test_a_connection_without_a_whole_request_ends_soon(server: Server, said: bytes) -> None:
    with server.send(said) as connection:
        took_seconds = seconds_until_closed(connection)
    assert HEADER_SECONDS - 1 < took_seconds < HEADER_SECONDS + LATE_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("said", [b"", REQUEST], ids=["silent", "idle"])
def test_honest_clients_are_served_beside_ten_thousand(server: Server, said: bytes) -> None:
    with many_descriptors(SILENT + OTHER_DESCRIPTORS), ExitStack() as stack:
        took_seconds = []
        for number in range(SILENT):
            stack.enter_context(server.send(said))
            if number % 500 == 0:
                started = time.monotonic()
                assert server.ask(LAST_REQUEST).startswith(b"HTTP/1.1 200 ")
                took_seconds.append(time.monotonic() - started)
    assert sorted(took_seconds)[-2] < HONEST_SECONDS


def test_the_bound_on_connections_leaves_descriptors_for_the_stores() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for soft in (256, 1024, before[1]):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, before[1]), before[1]))
            room = raise_limit()
            allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            assert room <= min(MAX_CONNECTIONS, allowed - allowed // 2 + MAX_CONNECTIONS)
            assert allowed - room >= min(OTHER_DESCRIPTORS, allowed // 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
