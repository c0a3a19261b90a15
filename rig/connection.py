"""Keep-alive connections on one epoll, with at most one request on its way on each.

Bytes in, bytes out: an HTTP library would cost more CPU than the server it measures.
"""

import select
import socket
import time
from collections.abc import Iterator
from typing import Any

RECEIVE_BYTES = 262_144
SEND_STALL_SECONDS = 5.0
BROKEN = 0  # the status of a request whose connection ended before its answer
_LENGTH = b"\r\ncontent-length: "


class Connection:
    """One connection, and whose answer it waits for."""

    __slots__ = ("buffer", "counts_from", "entry", "socket")

    def __init__(self, address: tuple[str, int]):
        self.open(address)

    def open(self, address: tuple[str, int]) -> None:
        """Connect, for the first time or again; nothing is on its way then."""
        self.socket = socket.create_connection(address, timeout=SEND_STALL_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer = b""
        self.counts_from = 0.0
        self.entry: Any = None

    def send(self, request: bytes, entry: Any, counts_from: float) -> None:
        """Send a request; `entry` comes back with its answer."""
        self.entry = entry
        self.counts_from = counts_from
        try:
            sent = self.socket.send(request)
        except BlockingIOError:
            sent = 0
        while sent < len(request):
            if not select.select([], [self.socket], [], SEND_STALL_SECONDS)[1]:
                raise ConnectionError("the server does not read")
            sent += self.socket.send(request[sent:])

    def receive(self) -> tuple[int, bytes] | None:
        """Return status and body once the answer is whole; raises ConnectionError."""
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


def split_answer(buffer: bytes) -> tuple[int, bytes, bytes] | None:
    """Return status, body and what follows, or None while something is missing."""
    head_end = buffer.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    at = buffer.find(_LENGTH, 0, head_end)
    if at < 0:
        at = buffer[:head_end].lower().find(_LENGTH)
    length = 0
    if at >= 0:
        at += len(_LENGTH)
        length = int(buffer[at : buffer.find(b"\r", at)])
    body_at = head_end + 4
    end = body_at + length
    if len(buffer) < end:
        return None
    return int(buffer[9:12]), buffer[body_at:end], buffer[end:]


class Pool:
    """All connections of a run; a broken one is opened again."""

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
        """Send on a connection that is not busy; return whether it went out whole."""
        try:
            connection.send(request, entry, counts_from)
        except OSError:
            self._open_again(connection)
            return False
        self.busy += 1
        return True

    def answers(self, seconds: float) -> Iterator[tuple[Connection, int, bytes]]:
        """Wait at most so long; yield what was answered, BROKEN for what never will be.

        The connection that comes with an answer is the caller's again, to send on or to keep.
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
                    continue  # one that was idle
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
        """Return the entries of the requests that still have no answer."""
        entries = [connection.entry for connection in self._connections.values()]
        return [entry for entry in entries if entry is not None]

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.socket.close()
        self._epoll.close()


def now() -> float:
    """Return the clock that all latencies are taken from."""
    return time.perf_counter()
