"""A tiny HTTP server that answers each request as a test decides."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[int], bytes | None]
"""From the number of the request to the answer's bytes; None closes the connection."""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@contextmanager
def serving(behave: Behaviour) -> Iterator[int]:
    """Serve on a free port; requests have no body. Yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    numbers = iter(range(1_000_000))

    def serve(link: socket.socket) -> None:
        with link:
            pending = b""
            while received := link.recv(65536):
                pending += received
                while b"\r\n\r\n" in pending:
                    pending = pending.partition(b"\r\n\r\n")[2]
                    answer = behave(next(numbers))
                    if answer is None:
                        return
                    link.sendall(answer)

    def accept() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(link,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
