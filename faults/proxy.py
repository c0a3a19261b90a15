"""A way to a store that can be held up, cut and made to lose answers while the store goes on.

Used by the scenarios and by tests.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

CHUNK_BYTES = 65_536

Losing = Callable[[bytes], bool]
"""Whether the answer to this piece of a request shall be lost."""


class Proxy:
    """Forwards connections to the server of a URL until it is told otherwise."""

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

    def stall(self) -> None:
        """Keep every connection open and let nothing through, as a stopped server does."""
        self._flows.clear()

    def flow(self) -> None:
        """Let through what was held up, and all that follows."""
        self._flows.set()

    def delay(self, seconds: float) -> None:
        """Hold every piece that comes through for so long."""
        self._delay_seconds = seconds

    def lose_answers(self, losing: Losing | None) -> None:
        """End a connection once the server has answered what `losing` picks: done, and not told."""
        self._losing = losing

    def cut(self) -> None:
        """End every connection and take no new ones, as a server that is gone."""
        self._is_cut = True
        self._flows.set()
        with self._lock:
            ends = list(self._open)
        for end in ends:
            _shut(end)

    def mend(self) -> None:
        """Take new connections again."""
        self._is_cut = False

    def close(self) -> None:
        """Cut everything for good."""
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
            _Link(self, near, far).start()

    def enter(self, *ends: socket.socket) -> None:
        """Take the ends of a connection into account."""
        with self._lock:
            self._open.update(ends)

    def leave(self, *ends: socket.socket) -> None:
        """Forget the ends of a connection that is over, and close them."""
        with self._lock:
            self._open.difference_update(ends)
        for end in ends:
            end.close()

    def hold(self) -> None:
        """Wait as long as a piece has to."""
        self._flows.wait()
        if self._delay_seconds:
            time.sleep(self._delay_seconds)

    def loses(self, request: bytes) -> bool:
        """Return whether the answer to this shall be lost."""
        return self._losing is not None and self._losing(request)


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, near: socket.socket, far: socket.socket):
        self._proxy, self._near, self._far = proxy, near, far
        self._loses_next = False
        self._left = 2
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
            self._left -= 1
            is_last = self._left == 0
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
