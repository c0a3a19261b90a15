"""Ends connections whose body never comes: a thread that reads one has no timeout of its own.

The server hands a request over before its body is there, and reading it blocks. Whoever sends a
byte a minute would keep a thread for ever; with a few hundred of them the API would stand still.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from domain.errors import OverloadedError

logger = structlog.get_logger(__name__)

# More than the longest a good request takes in which we send nothing: 10 s for the result after
# 3 s for the commit.
BODY_SECONDS = 20.0
LOOK_SECONDS = 5.0
MAX_READERS = 256
DESCRIPTORS = Path("/proc/self/fd")
# `tcpi_last_data_sent` of Linux's `struct tcp_info`: milliseconds since we last sent anything.
_LAST_SENT = slice(44, 48)


class BodyWatch:
    """Knows which threads are reading a body, and since when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._readers: dict[int, tuple[float, tuple[str, int]]] = {}
        self._stopping = threading.Event()

    def read(self, environ: Mapping[str, Any], read: Callable[[], bytes]) -> bytes:
        """Return what `read` does, watched; raises OverloadedError when too many are reading."""
        if len(self._readers) >= MAX_READERS:
            raise OverloadedError
        peer = (environ.get("REMOTE_ADDR", ""), int(environ.get("SERVER_PORT", 0)))
        reader = threading.get_ident()
        self._readers[reader] = (self._clock(), peer)
        try:
            return read()
        finally:
            del self._readers[reader]

    def list_stalled(self) -> set[tuple[str, int]]:
        """Return the clients' addresses, and our port, of bodies that are read for too long."""
        limit = self._clock() - BODY_SECONDS
        return {peer for started, peer in list(self._readers.values()) if started < limit}

    def start(self) -> None:
        """Start looking every few seconds, until `stop`."""
        self._stopping.clear()
        threading.Thread(target=self._run, name="slow-bodies", daemon=True).start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for address, port in self.list_stalled():
                ended = end_silent_connections(address, port, silent_seconds=BODY_SECONDS)
                logger.warning("slow bodies ended", connections=ended)


def end_silent_connections(address: str, port: int, *, silent_seconds: float) -> int:
    """End this client's connections to our port on which we sent nothing for so long.

    The server does not say which connection a request came on, but one that waits for its body is
    among these; the others are idle, and their client opens new ones. Returns how many; on systems
    without Linux's /proc none.
    """
    ended = 0
    for descriptor in _list_sockets():
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
            if _is_between(connection, address, port) and _silence(connection) >= silent_seconds:
                connection.shutdown(socket.SHUT_RDWR)
                ended += 1
    return ended


def _list_sockets() -> Iterator[int]:
    if not DESCRIPTORS.is_dir():
        return
    for name in os.listdir(DESCRIPTORS):
        with suppress(OSError):
            if os.readlink(DESCRIPTORS / name).startswith("socket:"):
                yield int(name)


def _is_between(connection: socket.socket, address: str, port: int) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    own_port: int = connection.getsockname()[1]
    peer: str = connection.getpeername()[0]
    return own_port == port and peer.removeprefix("::ffff:") == address.removeprefix("::ffff:")


def _silence(connection: socket.socket) -> float:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int.from_bytes(info[_LAST_SENT], "little") / 1000


body_watch = BodyWatch()
