"""What every transport does with its socket, whatever it frames: bound it, read, drain, cut.

Used by the transports. No function raises for a peer that is gone.
"""

import socket
import struct
import time
from typing import Any

import gevent

from web.live.transports.writer import SocketWriter

# Small enough to notice a slow client soon, and to bound the memory of 5,000 sockets; the kernel
# doubles it.
SEND_BUFFER_BYTES = 64 * 1024
CLOSE_WAIT_SECONDS = 1.5
DRAIN_POLL_SECONDS = 0.02
# SO_LINGER on, zero seconds: closing resets the connection and frees its buffers.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def bound_send_buffer(sock: Any) -> None:
    """Let the kernel keep SEND_BUFFER_BYTES for a client that does not read, doubled."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def reset_on_close(sock: Any) -> None:
    """Free the kernel's buffer at the close: for a peer that does not read it keeps it minutes."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


def receive(sock: Any, size: int) -> bytes:
    """Return what comes next, at most `size` bytes; nothing when the connection has ended."""
    try:
        data: bytes = sock.recv(size)
    except OSError:
        return b""
    return data


def wait_drained(writer: SocketWriter) -> None:
    """Wait until the kernel has everything, CLOSE_WAIT_SECONDS at most."""
    deadline = time.monotonic() + CLOSE_WAIT_SECONDS
    while not writer.is_drained and time.monotonic() < deadline:
        gevent.sleep(DRAIN_POLL_SECONDS)


def is_overdue(closing_at: float | None, now: float) -> bool:
    """Return whether a close that began then has taken too long; times are monotonic seconds."""
    return closing_at is not None and now - closing_at > CLOSE_WAIT_SECONDS


def shut(sock: Any, how: int) -> None:
    """Shut the connection down in these directions; a blocked reader wakes."""
    try:
        sock.shutdown(how)
    except OSError:
        return
