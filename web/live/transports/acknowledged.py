"""How much of what was sent the peer's system has acknowledged: a sign of life without an answer.

An event stream goes one way, so its client cannot send pongs. Used by `event_stream.py`.
"""

import fcntl
import socket
import struct
import termios
from typing import Any

# Linux only, as is the layout that follows.
_TCP_INFO = getattr(socket, "TCP_INFO", None)
# `tcpi_bytes_acked` of `struct tcp_info` in Linux (include/uapi/linux/tcp.h).
_BYTES_ACKED = struct.Struct("@120xQ")


def count_acknowledged(sock: Any) -> int | None:
    """Return how many bytes were ever acknowledged; None where the system does not say."""
    if _TCP_INFO is None:
        return None
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _BYTES_ACKED.size)
        (acknowledged,) = _BYTES_ACKED.unpack(info)
    except (OSError, struct.error):
        return None
    return int(acknowledged)


def count_outstanding(sock: Any) -> int:
    """Return how many bytes the system holds that were not acknowledged yet."""
    raw = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return int(struct.unpack("@i", raw)[0])
