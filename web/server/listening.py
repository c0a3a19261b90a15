"""The socket on which the API listens: one handed over by who started the process, or its own.

Called by `serve.py`. A socket that is handed over outlives the process: what waits in its queue
while one process ends is accepted by the next.
"""

import socket

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
