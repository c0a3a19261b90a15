"""Keep-alive connections on one epoll, each with at most one request in flight.

Bytes in, bytes out: an HTTP library would use more CPU than the server that it measures.
"""

import select
import socket
import time
from collections.abc import Iterator
from typing import Any

from rig.http_messages import BROKEN, split_answer

RECEIVE_BYTES = 262_144
SEND_STALL_SECONDS = 5.0


class Connection:
    """One connection, and the entry of its request in flight (None when there is none)."""

    __slots__ = ("buffer", "counts_from", "entry", "socket")

    def __init__(self, address: tuple[str, int]):
        self.open(address)

    def open(self, address: tuple[str, int]) -> None:
        """Connect, or connect again; no request is in flight afterwards."""
        self.socket = socket.create_connection(address, timeout=SEND_STALL_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer = b""
        self.counts_from = 0.0
        self.entry: Any = None

    def send(self, request: bytes, entry: Any, counts_from: float) -> None:
        """Send a request; `entry` identifies it when its answer arrives. Raises OSError."""
        self.entry = entry
        self.counts_from = counts_from
        try:
            sent = self.socket.send(request)
        except BlockingIOError:
            sent = 0
        while sent < len(request):
            if not select.select([], [self.socket], [], SEND_STALL_SECONDS)[1]:
                raise ConnectionError("the server does not read the request")
            sent += self.socket.send(request[sent:])

    def receive(self) -> tuple[int, bytes] | None:
        """Return status and body once the answer is complete; raises ConnectionError."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        buffer = self.buffer + data if self.buffer else data
        answer = split_answer(buffer)
        if answer is None:
            self.buffer = buffer
            return None
        status, body, self.buffer = answer
        return status, body


class Pool:
    """All connections of a run; a broken one is replaced."""

    def __init__(self, address: tuple[str, int], size: int):
        self._address = address
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self.busy = 0
        self.idle = [Connection(address) for _ in range(size)]
        for connection in self.idle:
            self._register(connection)

    def _register(self, connection: Connection) -> None:
        number = connection.socket.fileno()
        self._connections[number] = connection
        self._epoll.register(number, select.EPOLLIN)

    def send(self, connection: Connection, request: bytes, entry: Any, counts_from: float) -> bool:
        """Send on an idle connection; return whether the whole request was sent."""
        try:
            connection.send(request, entry, counts_from)
        except OSError:
            self._open_again(connection)
            return False
        self.busy += 1
        return True

    def answers(self, seconds: float) -> Iterator[tuple[Connection, int, bytes]]:
        """Wait at most this long; yield connection, status and body of each answer.

        The status is BROKEN for a request whose connection ended. The caller may send on the
        connection again, or add it to `idle`.
        """
        # select counts in microseconds where epoll_wait counts in milliseconds.
        if seconds > 0 and not select.select([self._epoll], [], [], seconds)[0]:
            return
        for number, _ in self._epoll.poll(0):
            connection = self._connections[number]
            try:
                answer = connection.receive()
            except BlockingIOError:
                continue
            except OSError:
                entry, counts_from = connection.entry, connection.counts_from
                self._open_again(connection)
                if entry is None:
                    continue  # the connection was idle
                connection.entry, connection.counts_from = entry, counts_from
                answer = BROKEN, b""
            if answer is not None:
                self.busy -= 1
                yield connection, *answer

    def _open_again(self, connection: Connection) -> None:
        del self._connections[connection.socket.fileno()]
        self._epoll.unregister(connection.socket.fileno())
        connection.socket.close()
        connection.open(self._address)
        self._register(connection)

    def unanswered(self) -> list[Any]:
        """Return the entries of the requests that were not answered."""
        entries = [connection.entry for connection in self._connections.values()]
        return [entry for entry in entries if entry is not None]

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.socket.close()
        self._epoll.close()


def now() -> float:
    """Return the time, in seconds, by the clock that measures all latencies."""
    return time.perf_counter()
