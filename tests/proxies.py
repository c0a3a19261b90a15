"""A way to a store that a test can hold up, cut and mend while the store itself goes on."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Proxy:
    """Forwards connections to the server of a URL until it is told to stall or to cut them."""

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
        address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        return self._parts._replace(netloc=f"{credentials}@{address}").geturl()

    def stall(self) -> None:
        """Keep every connection open and let nothing through, as a stopped server does."""
        self._flows.clear()

    def flow(self) -> None:
        """Let through what was held up, and all that follows."""
        self._flows.set()

    def cut(self) -> None:
        """End every connection and take no new ones, as a server that is gone."""
        self._is_cut = True
        self._flows.set()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

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
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()
