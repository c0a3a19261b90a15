"""The load generator: keep-alive connections on one epoll loop, requests made of bytes.

Costs about 25 µs of CPU a request, so that what is measured is the server. A process of its own:
`python -m bench.load` reads a job as JSON on stdin and writes the outcome as JSON on stdout.
"""

import os
import resource
import select
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

RECEIVE_BYTES = 262_144


@dataclass
class Outcome:
    """What one run saw; latencies are seconds, in the order in which the answers came."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: int = 0
    cpu_seconds: float = 0.0
    late: int = 0


class Connection:
    """One keep-alive connection with at most one request on its way."""

    __slots__ = ("buffer", "sent_at", "socket")

    def __init__(self, host: str, port: int):
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer = b""
        self.sent_at = 0.0

    def send(self, request: bytes, at: float) -> None:
        """Send a request that counts from `at`."""
        self.sent_at = at
        sent = self.socket.send(request)
        while sent < len(request):
            select.select([], [self.socket], [])
            sent += self.socket.send(request[sent:])

    def receive(self) -> tuple[int, bytes] | None:
        """Return the status and the body once the answer is whole."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        head = self.buffer[:head_end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 : head.find(b"\r\n", at) if b"\r\n" in head[at:] else None])
        total = head_end + 4 + length
        if len(self.buffer) < total:
            return None
        body = self.buffer[head_end + 4 : total]
        self.buffer = self.buffer[total:]
        return int(head[9:12]), body


def run_closed(
    host: str,
    port: int,
    *,
    connections: int,
    seconds: float,
    make_request: Callable[[], bytes],
    on_answer: Callable[[int, bytes], None] = lambda _status, _body: None,
) -> Outcome:
    """Keep every connection busy for `seconds`: the next request follows the answer."""
    pool = {}
    poll = select.epoll()
    for _ in range(connections):
        connection = Connection(host, port)
        pool[connection.socket.fileno()] = connection
        poll.register(connection.socket.fileno(), select.EPOLLIN)
    outcome = Outcome()
    cpu = _cpu_seconds()
    started = time.perf_counter()
    end = started + seconds
    for connection in pool.values():
        connection.send(make_request(), time.perf_counter())
    busy = len(pool)
    while busy:
        for number, _ in poll.poll(5.0) or _stalled():
            connection = pool[number]
            answer = connection.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            outcome.latencies.append(now - connection.sent_at)
            outcome.statuses[answer[0]] += 1
            on_answer(*answer)
            if now < end:
                connection.send(make_request(), time.perf_counter())
            else:
                busy -= 1
    outcome.seconds = time.perf_counter() - started
    outcome.cpu_seconds = _cpu_seconds() - cpu
    for connection in pool.values():
        connection.socket.close()
    return outcome


def _stalled() -> list[tuple[int, int]]:
    raise TimeoutError("no answer for 5 s")


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def percentile(sorted_values: list[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    if not sorted_values:
        return float("nan")
    return sorted_values[min(int(share * len(sorted_values)), len(sorted_values) - 1)]


def random_id() -> str:
    """Return a version 4 UUID, cheaper than the standard library's."""
    raw = os.urandom(16).hex()
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"
