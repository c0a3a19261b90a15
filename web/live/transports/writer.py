"""The one way bytes leave a socket: at once if the kernel takes them, else by a bounded queue.

`simple_websocket` sends without a lock, ignores partial writes and waits for ever for a client
that stopped reading; here a slow client costs its own queue and nobody's time.
"""

import os
import time
from collections import deque

import gevent
from gevent.socket import wait_write

MAX_QUEUED_WRITES = 64
MAX_QUEUED_BYTES = 64 * 1024


class Writer:
    """Writes to one non-blocking descriptor, in order, without ever making the caller wait.

    Belongs to the event loop of one process; no method switches greenlets but `stop`. A write that
    finds the queue full is refused as a whole: a frame is never cut.
    """

    __slots__ = ("_drainer", "_fd", "_progress_at", "_queue", "_queued_bytes", "_written")

    def __init__(self, fd: int):
        self._fd = fd
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        # How much of the queue's first entry the kernel has already.
        self._written = 0
        self._progress_at = 0.0
        self._drainer: gevent.Greenlet[[], None] | None = None

    @property
    def is_drained(self) -> bool:
        """Whether the kernel has everything."""
        return not self._queue

    def stalled_seconds(self, now: float) -> float:
        """Return for how long the kernel has taken nothing of a waiting queue."""
        return now - self._progress_at if self._queue else 0.0

    def write(self, data: bytes) -> bool:
        """Write whole frames; return False when the queue has no room for them."""
        if self._fd < 0:
            return True
        if not self._queue:
            written = self._try_write(data)
            if written == len(data):
                return True
            self._enqueue(data)
            self._written = written
            self._progress_at = time.monotonic()
            self._drainer = gevent.spawn(self._drain)
            return True
        if (
            len(self._queue) >= MAX_QUEUED_WRITES
            or self._queued_bytes + len(data) > MAX_QUEUED_BYTES
        ):
            return False
        self._enqueue(data)
        return True

    def finish(self, data: bytes, *, drop_queue: bool) -> None:
        """Write the last frame, whatever the queue holds.

        With `drop_queue` what waits is thrown away, but for the rest of a frame half sent.
        """
        if self._fd < 0:
            return
        if not self._queue:
            self.write(data)
            return
        if drop_queue:
            kept = [self._queue[0]] if self._written else []
            self._queue.clear()
            self._queue.extend(kept)
            self._queued_bytes = sum(map(len, kept))
        self._enqueue(data)

    def stop(self) -> None:
        """Write nothing more; must be called before the descriptor is closed."""
        self._fd = -1
        self._queue.clear()
        self._queued_bytes = 0
        if self._drainer is not None:
            self._drainer.kill()
            self._drainer = None

    def _enqueue(self, data: bytes) -> None:
        self._queue.append(data)
        self._queued_bytes += len(data)

    def _try_write(self, data: bytes | memoryview) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            # The peer is gone; the reader of this socket finds out by itself and ends it.
            return len(data)

    def _drain(self) -> None:
        while self._queue:
            wait_write(self._fd)
            head = self._queue[0]
            written = self._try_write(memoryview(head)[self._written :])
            if written:
                self._progress_at = time.monotonic()
            self._written += written
            if self._written == len(head):
                self._queue.popleft()
                self._queued_bytes -= len(head)
                self._written = 0
        self._drainer = None
