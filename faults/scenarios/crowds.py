"""Clients that take room from the others: silent connections, and a flood of logins."""

import http.client
import json
import resource
import socket
import threading
import time
from contextlib import suppress
from uuid import uuid4

from faults.answers import find_slow_or_failed
from faults.client import Sent
from faults.scenario import Injection, Scenario
from local.ports import LOOPBACK

SILENT_CONNECTIONS = 2_000
ATTACKERS = 40
HONEST_LOGINS = 14
ANSWERED_SECONDS = 1.0
LOGIN_SECONDS = 15.0
PASSWORD = "correct-horse-battery"  # noqa: S105 - of players made for the scenario


def hold_silent_connections(injection: Injection) -> None:
    """Open connections that send nothing, and replace those that the API closes."""
    _allow_descriptors(SILENT_CONNECTIONS + 512)
    silent: list[socket.socket] = []
    try:
        while injection.lasts(0.2):
            silent = [connection for connection in silent if not _is_closed(connection)]
            while len(silent) < SILENT_CONNECTIONS and time.monotonic() < injection.ends_at:
                silent.append(_connect(injection))
    finally:
        for connection in silent:
            connection.close()


def flood_with_logins(injection: Injection) -> None:
    """Log in over and over under unknown names, while honest players log in once each."""
    honest = [f"player-{uuid4().hex[:8]}" for _ in range(HONEST_LOGINS)]
    for name in honest:
        _post(injection, "/api/auth/register", name)
    flood = [
        threading.Thread(target=_log_in_until_healed, args=[injection]) for _ in range(ATTACKERS)
    ]
    for attacker in flood:
        attacker.start()
    injection.lasts(0.5)
    statuses = [_post(injection, "/api/auth/login", name) for name in honest]
    if set(statuses) != {200}:
        injection.problems.append(f"honest logins were answered {statuses}")
    for attacker in flood:
        attacker.join()


def find_effects_on_players(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return slow and failed requests; there should be none."""
    return find_slow_or_failed(injection, sent, p99_seconds=ANSWERED_SECONDS)


def _log_in_until_healed(injection: Injection) -> None:
    while time.monotonic() < injection.ends_at:
        _post(injection, "/api/auth/login", f"nobody-{uuid4().hex[:8]}")


def _post(injection: Injection, path: str, name: str) -> int:
    """Return the status of a request with this name; 0 when there was no answer."""
    connection = http.client.HTTPConnection(
        LOOPBACK, injection.system.stack.port, timeout=LOGIN_SECONDS
    )
    body = json.dumps({"username": name, "password": PASSWORD})
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _connect(injection: Injection) -> socket.socket:
    connection = socket.create_connection((LOOPBACK, injection.system.stack.port), LOGIN_SECONDS)
    connection.setblocking(False)
    return connection


def _is_closed(connection: socket.socket) -> bool:
    with suppress(BlockingIOError):
        with suppress(ConnectionError):
            if connection.recv(1):
                return False
        connection.close()
        return True
    return False


def _allow_descriptors(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


SCENARIOS = (
    Scenario(
        name="silent-connections",
        inject=hold_silent_connections,
        find_problems=find_effects_on_players,
    ),
    Scenario(name="login-flood", inject=flood_with_logins, find_problems=find_effects_on_players),
)
