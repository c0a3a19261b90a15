"""Logins beside very many others, over real sockets."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from domain.store.store import Store
from tests.conftest import Stores
from tests.web.server.test_server import Server, answers, start

ATTACKERS = 40
HONEST = 14
# Everybody's hash takes 3 s of a CPU; with a busy machine, several times as long.
MOST_SECONDS = 15.0
PASSWORD = "correct horse battery"


def post(server: Server, path: str, username: str) -> int:
    """Return the status of a registration or a login."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = json.dumps({"username": username, "password": PASSWORD})
    connection.request("POST", f"/api/auth/{path}", body, {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.slow
def test_forty_who_flood_the_logins_keep_nobody_out(
    stores: Stores, store: Store, tmp_path: Path
) -> None:
    with start(stores, tmp_path) as server:
        names = [f"h-{uuid4().hex[:12]}" for _ in range(HONEST)]
        assert [post(server, "register", name) for name in names] == [201] * HONEST
        stopping = threading.Event()

        def attack(number: int) -> None:
            path = "register" if number % 2 else "login"
            while not stopping.is_set():
                post(server, path, f"a-{uuid4().hex[:12]}")

        with ThreadPoolExecutor(ATTACKERS + HONEST) as pool:
            for number in range(ATTACKERS):
                pool.submit(attack, number)
            time.sleep(1)
            started = time.monotonic()
            statuses = list(pool.map(lambda name: post(server, "login", name), names))
            took_seconds = time.monotonic() - started
            began = time.monotonic()
            assert answers(server), "and an action does not wait for them"
            action_seconds = time.monotonic() - began
            stopping.set()
    assert statuses == [200] * HONEST
    assert took_seconds < MOST_SECONDS
    assert action_seconds < 1.0
