"""Listening sockets that outlive the processes that accept on them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from web.server.listening import make_listener


@contextmanager
def handed_over() -> Iterator[socket.socket]:
    """Hold a listening socket, as the launcher or systemd does."""
    with make_listener("127.0.0.1", 0) as listener:
        listener.listen(4096)
        listener.set_inheritable(True)
        yield listener
