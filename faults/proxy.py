"""A TCP proxy in front of a store that can stall, cut, delay and lose answers.

Used by the scenarios and by tests; the store keeps running.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536

Losing = Callable[[bytes], bool]
"""Returns whether to lose the answer to these bytes of a request."""


class Proxy:
    """Forwards connections to the server of a URL, and injects faults into them."""

    def __init__(self, url: str):
        self._parts = urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._flows = threading.Event()
        self._flows.set()
        self._delay_seconds = 0.0
        self._losing: Losing | None = None
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The server's URL, with this proxy's address."""
        credentials, at, _ = self._parts.netloc.rpartition("@")
        address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        return self._parts._replace(netloc=f"{credentials}{at}{address}").geturl()

    def lead_to(self, url: str) -> None:
        """Lead new connections to the server of this URL; the open ones stay where they are."""
        self._parts = urlsplit(url)

    def stall(self) -> None:
        """Keep every connection open and forward nothing, as a stopped server does."""
        self._flows.clear()

    def flow(self) -> None:
        """Forward what was stalled, and everything after it."""
        self._flows.set()

    def delay(self, seconds: float) -> None:
        """Delay everything that is forwarded, in both directions, by this long."""
        self._delay_seconds = seconds

    def lose_answers(self, losing: Losing | None) -> None:
        """Close a connection instead of forwarding the answer to a request `losing` selects."""
        self._losing = losing

    def cut(self) -> None:
        """Close every connection and refuse new ones, as if the server were down."""
        self._is_cut = True
        self._flows.set()
        with self._lock:
            ends = list(self._open)
        for end in ends:
            _shut(end)

    def mend(self) -> None:
        """Accept new connections again."""
        self._is_cut = False

    def close(self) -> None:
        """Close every connection, and the proxy."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._is_cut:
                    raise ConnectionRefusedError
                far = socket.create_connection((self._parts.hostname, self._parts.port))
            except OSError:
                near.close()
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Connection(self, near, far).start()

    def enter(self, *ends: socket.socket) -> None:
        """Register the sockets of an open connection."""
        with self._lock:
            self._open.update(ends)

    def leave(self, *ends: socket.socket) -> None:
        """Unregister and close the sockets of a connection that has ended."""
        with self._lock:
            self._open.difference_update(ends)
        for end in ends:
            end.close()

    def hold(self) -> None:
        """Wait while stalled, and for the delay."""
        self._flows.wait()
        if self._delay_seconds:
            time.sleep(self._delay_seconds)

    def loses(self, request: bytes) -> bool:
        """Return whether to lose the answer to these bytes."""
        return self._losing is not None and self._losing(request)


class _Connection:
    """One connection through the proxy: a thread for each direction."""

    def __init__(self, proxy: Proxy, near: socket.socket, far: socket.socket):
        self._proxy, self._near, self._far = proxy, near, far
        self._loses_next = False
        self._open_directions = 2
        self._lock = threading.Lock()

    def start(self) -> None:
        self._proxy.enter(self._near, self._far)
        for copy in (self._carry_requests, self._carry_answers):
            threading.Thread(target=self._run, args=(copy,), daemon=True).start()

    def _run(self, copy: Callable[[], None]) -> None:
        with suppress(OSError):
            copy()
        for end in (self._near, self._far):
            _shut(end)
        with self._lock:
            self._open_directions -= 1
            is_last = self._open_directions == 0
        if is_last:
            self._proxy.leave(self._near, self._far)

    def _carry_requests(self) -> None:
        while data := self._near.recv(CHUNK_BYTES):
            self._proxy.hold()
            if self._proxy.loses(data):
                self._loses_next = True
            self._far.sendall(data)

    def _carry_answers(self) -> None:
        while data := self._far.recv(CHUNK_BYTES):
            self._proxy.hold()
            if self._loses_next:
                self._proxy.lost += 1
                return
            self._near.sendall(data)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
