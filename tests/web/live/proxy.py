"""A way to Redis that can be cut and mended, so that one process loses it and others do not."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Proxy:
    """Forwards connections to a server until it is cut; `mend` lets new ones through again."""

    def __init__(self, url: str):
        self._parts = urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._is_cut = False
        self._flows = threading.Event()
        self._flows.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The server's URL, with this proxy's address."""
        credentials = self._parts.netloc.rpartition("@")[0]
        port = self._listener.getsockname()[1]
        netloc = f"{credentials}@127.0.0.1:{port}" if credentials else f"127.0.0.1:{port}"
        return self._parts._replace(netloc=netloc).geturl()

    def cut(self) -> None:
        """End every connection and let none through."""
        self._is_cut = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def stall(self) -> None:
        """Keep every connection open and let no byte through."""
        self._flows.clear()

    def resume(self) -> None:
        """Let bytes through again."""
        self._flows.set()

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
            if self._is_cut:
                near.close()
                continue
            far = socket.create_connection((self._parts.hostname, self._parts.port))
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(
                    target=_copy, args=(source, target, self._flows), daemon=True
                ).start()


def _copy(source: socket.socket, target: socket.socket, flows: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            flows.wait()
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()
