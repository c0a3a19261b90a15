"""A rolling restart under load: every process is replaced, and no request fails."""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from domain.verification.verifying import verify
from tests.local.project import free_ports
from tests.resilience.procfile_processes import ProcfileProcess
from tests.resilience.sockets import handed_over
from tests.waiting import wait_until
from tests.web.http.bodies import make_body
from tests.web.live.client import Listener
from web.access.tokens import TokenCodec

PLAYERS_AT_ONCE = 4
PAUSE_SECONDS = 0.03
ANSWER_SECONDS = 15.0
# The load continues this long between two replacements.
CALM_SECONDS = 0.5
# Added to the limit of an answer for a busy machine.
BUSY_SECONDS = 2.0
GOING_AWAY = 1001


class Clients:
    """Players' clients, with a connection for each request."""

    def __init__(self, port: int):
        self._port = port

    def post(self, body: dict[str, Any], token: str) -> tuple[int, dict[str, Any]]:
        """Return status and body; raise OSError when an accepted connection is cut."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS)
        with closing(connection):
            connection.request("POST", "/api/actions/complete", json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())


class Load:
    """Players who send one action each, from a few threads, and their answers."""

    def __init__(self, clients: Clients, codec: TokenCodec):
        self.answers: Counter[str] = Counter()
        self.accepted: set[UUID] = set()
        self.slowest_seconds = 0.0
        self._clients = clients
        self._codec = codec
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._play) for _ in range(PLAYERS_AT_ONCE)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS + 5)

    def _play(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            body = make_body()
            token = self._codec.issue(user_id=uuid4(), username=None)
            started = time.monotonic()
            try:
                status, answer = self._clients.post(body, token)
                word = f"{status} {answer.get('status', '')}".strip()
            except (OSError, http.client.HTTPException) as error:
                status, word = 0, type(error).__name__
            with self._lock:
                self.answers[word] += 1
                self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - started)
                if status in (200, 202):
                    self.accepted.add(UUID(body["actionId"]))


class Fleet:
    """Two processes of the API on one socket, two workers, the keeper and the live process."""

    def __init__(self, settings: Settings, listener: socket.socket):
        (self.live_port,) = free_ports(1)
        self.api_port = listener.getsockname()[1]
        self.live = ProcfileProcess(
            "live",
            settings,
            lambda _: answers_at(self.live_port),
            LAUREL_PROCESS="live",
            LIVE_PORT=str(self.live_port),
        )
        self.api = [self._keep_api(settings, listener, number) for number in (1, 2)]
        self.others = [
            *(
                ProcfileProcess("worker", settings, says_ready, LAUREL_PROCESS=f"worker.{n}")
                for n in (1, 2)
            ),
            ProcfileProcess("keeper", settings, lambda _: True, LAUREL_PROCESS="keeper"),
        ]

    @property
    def all(self) -> list[ProcfileProcess]:
        """Every process."""
        return [self.live, *self.api, *self.others]

    def _keep_api(
        self, settings: Settings, listener: socket.socket, number: int
    ) -> ProcfileProcess:
        """Return an API process on a socket that outlives it, as the launcher or systemd has it."""
        process = ProcfileProcess(
            "api",
            settings,
            lambda process: process.log.read_text().count('"event":"started"') == process.starts,
            LAUREL_PROCESS=f"api.{number}",
            API_SOCKET_FD=str(listener.fileno()),
        )
        process.pass_fds = (listener.fileno(),)
        return process


def answers_at(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5):
            return True
    except (URLError, OSError):
        return False


def says_ready(process: ProcfileProcess) -> bool:
    return process.log.read_text().count('"event":"worker ready"') == process.starts


@pytest.fixture
def fleet(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """All processes, ready; the test uses their key prefix."""
    monkeypatch.setattr(keys, "PREFIX", "laurel:")
    assert rebuild_board(store, board=GLOBAL_BOARD)
    with ExitStack() as stack:
        fleet = Fleet(settings, stack.enter_context(handed_over()))
        for process in fleet.all:
            stack.callback(process.end)
            process.start()
        yield fleet


def count_statuses(store: Store) -> dict[str, int]:
    with store.write() as connection:
        rows = connection.execute(text("SELECT status, count(*) FROM user_actions GROUP BY 1"))
        return {row[0]: row[1] for row in rows}


@pytest.mark.slow
def test_every_process_is_replaced_under_load_and_no_request_fails(
    fleet: Fleet, settings: Settings, store: Store
) -> None:
    codec = TokenCodec(settings)
    listener = Listener(
        f"ws://127.0.0.1:{fleet.live_port}/ws",
        [f"Authorization: Bearer {codec.issue(user_id=uuid4(), username=None)}"],
    )
    with Load(Clients(fleet.api_port), codec) as load:
        with listener:
            fleet.live.replace()
            assert listener.hear_until("going_away")["retryAfterMs"] >= 0
            assert listener.close_code() == GOING_AWAY
        for process in (*fleet.api, *fleet.others):
            time.sleep(CALM_SECONDS)
            process.replace()
        time.sleep(CALM_SECONDS)
    assert set(load.answers) <= {"200", "202 pending"}, "no 5xx and no connection cut"
    assert load.answers["200"] > 0.95 * load.answers.total(), "and few requests waited in vain"
    assert load.slowest_seconds < settings.result_wait_seconds + BUSY_SECONDS
    wait_until(lambda: count_statuses(store) == {"applied": len(load.accepted)})
    reports = verify(store, archive_path=settings.archive_path)
    assert [report for report in reports if not report.holds] == []
