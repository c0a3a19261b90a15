"""The socket on which the API listens: one handed over by who started the process, or its own.

Called by `serve.py` and, to end, by `rsgi.py`. A socket that is handed over outlives the process:
what waits in its queue while one process ends is accepted by the next.
"""

import os
import select
import socket
from contextlib import suppress
from pathlib import Path

# Connections that may wait to be accepted; the kernel's net.core.somaxconn bounds it too.
BACKLOG = 4096


def open_listener(host: str, port: int, *, fd: int | None) -> socket.socket:
    """Return the listening socket: of this descriptor, or a new one at the address.

    Raises OSError when the descriptor is not a TCP socket, or the address is in use by a program
    that does not share it.
    """
    listener = socket.socket(fileno=fd) if fd is not None else make_listener(host, port)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def make_listener(host: str, port: int) -> socket.socket:
    """Return a new socket at the address, which a successor may share before this one ends."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def stop_accepting() -> None:
    """Accept no further connection in this process; those in the queue are left to others.

    Unlike a closed socket it cuts none. Needs Linux's epoll; elsewhere it does nothing.
    """
    descriptors = {int(entry.name): _read_link(entry) for entry in Path("/proc/self/fd").glob("*")}
    epolls = [fd for fd, what in descriptors.items() if what == "anon_inode:[eventpoll]"]
    for listener in filter(_is_listening, descriptors):
        for epoll in epolls:
            with suppress(OSError), select.epoll.fromfd(os.dup(epoll)) as interest:
                interest.unregister(listener)


def _read_link(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # closed since it was listed
        return ""


def _is_listening(fd: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(fd)) as candidate:
            return bool(candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False
