"""A socket that is handed over: API processes are replaced under load, and no connection is cut."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest

from domain.settings import Settings
from domain.store.store import Store
from tests.local.project import descendants
from tests.resilience.procfile_processes import ProcfileProcess
from tests.resilience.sockets import handed_over
from tests.waiting import wait_until

REQUESTS_PER_SECOND = 200
CLIENTS = 20
ANSWER_SECONDS = 20.0
REQUEST = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Load:
    """Clients that open a connection for each request, together so many a second."""

    def __init__(self, port: int):
        self.outcomes: Counter[str] = Counter()
        self._port = port
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask_again_and_again) for _ in range(CLIENTS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS)

    def _ask_again_and_again(self) -> None:
        while not self._stopping.wait(CLIENTS / REQUESTS_PER_SECOND):
            outcome = ask(self._port)
            with self._lock:
                self.outcomes[outcome] += 1


def ask(port: int) -> str:
    """Return the status of a request on a connection of its own, or what cut it."""
    try:
        with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as connection:
            return ask_on(connection)
    except OSError as error:
        return type(error).__name__


def ask_on(connection: socket.socket) -> str:
    """Return the status of a request on this connection."""
    connection.sendall(REQUEST)
    answer = connection.recv(65536)
    return answer[9:12].decode() if answer else "closed without an answer"


def ask_and_keep(connection: socket.socket) -> bytes:
    """Return the answer to a request on a connection that may be used again."""
    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    return connection.recv(65536).lower()


def has_started(process: ProcfileProcess) -> bool:
    """Return whether the process says so, which it does just before it accepts."""
    return '"event":"started"' in process.log.read_text()


class Processes:
    """API processes on one socket that is not theirs."""

    def __init__(self, settings: Settings, listener: socket.socket):
        self._settings = settings
        self._listener = listener
        self._numbers = count(1)

    def start(self, is_ready: Callable[[ProcfileProcess], bool] = has_started) -> ProcfileProcess:
        """Start another one and return it when it is ready, to accept by default."""
        process = ProcfileProcess(
            "api",
            self._settings,
            is_ready,
            LAUREL_PROCESS=f"api.{next(self._numbers)}",
            API_SOCKET_FD=str(self._listener.fileno()),
        )
        process.pass_fds = (self._listener.fileno(),)
        process.start()
        return process


@pytest.mark.slow
@pytest.mark.parametrize("restarts", [5, pytest.param(20, marks=pytest.mark.extended)])
def test_restarts_at_two_hundred_requests_a_second_cut_nothing(
    settings: Settings, store: Store, restarts: int
) -> None:
    with handed_over() as listener:
        port = listener.getsockname()[1]
        processes = Processes(settings, listener)
        current = processes.start()
        try:
            with Load(port) as load:
                for _ in range(restarts):
                    successor = processes.start()
                    current.stop()
                    current = successor
        finally:
            current.end()
    assert set(load.outcomes) == {"200"}
    assert load.outcomes.total() > restarts * REQUESTS_PER_SECOND / 4


@pytest.mark.slow
def test_a_connection_that_has_asked_nothing_yet_is_answered_by_the_process_that_ends(
    settings: Settings, store: Store
) -> None:
    with handed_over() as listener:
        address = listener.getsockname()
        process = Processes(settings, listener).start()
        silent = [socket.create_connection(address, ANSWER_SECONDS) for _ in range(3)]
        # Answered once accepted, and those before it in the queue were accepted as well.
        assert ask(address[1]) == "200"
        with socket.create_connection(address, ANSWER_SECONDS) as kept:
            stopping = threading.Thread(target=process.stop)
            stopping.start()
            wait_until(lambda: b"connection: close" in ask_and_keep(kept))
        later = socket.create_connection(address, ANSWER_SECONDS)
        assert [ask_on(connection) for connection in silent] == ["200"] * 3
        stopping.join()
        later.settimeout(0.2)
        with pytest.raises(TimeoutError):
            ask_on(later)
        later.settimeout(ANSWER_SECONDS)
        successor = Processes(settings, listener).start()
        try:
            assert later.recv(65536)[9:12] == b"200"
        finally:
            successor.end()
            for connection in (*silent, later):
                connection.close()


@pytest.mark.slow
def test_a_process_that_is_told_to_end_while_it_starts_ends(
    settings: Settings, store: Store
) -> None:
    with handed_over() as listener:
        # Its worker has been forked, and imports the application for most of a second yet.
        process = Processes(settings, listener).start(lambda it: bool(descendants(it.process_id)))
        try:
            process.stop()
        finally:
            process.end()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["stop", "end"])
def test_without_a_successor_connections_wait_for_the_next_process(
    settings: Settings, store: Store, how: str
) -> None:
    with handed_over() as listener:
        port = listener.getsockname()[1]
        processes = Processes(settings, listener)
        getattr(processes.start(), how)()
        outcomes: list[str] = []
        waiting = threading.Thread(target=lambda: outcomes.append(ask(port)))
        waiting.start()
        time.sleep(0.3)
        assert outcomes == []
        successor = processes.start()
        try:
            wait_until(lambda: outcomes == ["200"])
        finally:
            successor.end()
        waiting.join()
