"""The only way bytes leave a socket: at once if the kernel takes them, else by a bounded queue.

Used by the transports. `simple_websocket` sends without a lock, ignores partial writes and waits
forever for a client that stopped reading; here a slow client fills its own queue only.
"""

import os
import time
from collections import deque
from collections.abc import Callable

import gevent
from gevent.socket import wait_write

MAX_QUEUED_WRITES = 64
MAX_QUEUED_BYTES = 64 * 1024

Write = Callable[[int, bytes | memoryview], int]
"""Write to a descriptor; return how many bytes the kernel took. Raises OSError, as os.write."""


class SocketWriter:
    """Writes to one non-blocking descriptor, in order, without making the caller wait.

    Belongs to the event loop of one process; no method switches greenlets but `stop`. A write that
    finds the queue full is refused as a whole, so that no frame is ever cut. `write_now` and
    `wait_writable` are the system calls, `clock` is monotonic.
    """

    __slots__ = (
        "_clock",
        "_drainer",
        "_fd",
        "_head_written",
        "_progress_at",
        "_queue",
        "_queued_bytes",
        "_wait_writable",
        "_write_now",
    )

    def __init__(
        self,
        fd: int,
        *,
        write_now: Write = os.write,
        wait_writable: Callable[[int], object] = wait_write,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._fd = fd
        self._write_now = write_now
        self._wait_writable = wait_writable
        self._clock = clock
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        # How many bytes of the queue's first entry the kernel already has.
        self._head_written = 0
        self._progress_at = 0.0
        self._drainer: gevent.Greenlet[[], None] | None = None

    @property
    def is_drained(self) -> bool:
        """Whether the kernel has everything."""
        return not self._queue

    def stalled_seconds(self, now: float) -> float:
        """Return for how long the kernel has taken nothing of a queue that is not empty."""
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
            self._head_written = written
            self._progress_at = self._clock()
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
        """Write the last frame, however full the queue is.

        With `drop_queue` the queued writes are dropped, except one that is half sent: its rest must
        go first, or the peer would read the last frame as a part of it.
        """
        if self._fd < 0:
            return
        if not self._queue:
            self.write(data)
            return
        if drop_queue:
            kept = [self._queue[0]] if self._head_written else []
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
            return self._write_now(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            # The peer is gone: this socket's reader notices it too, and ends the session.
            return len(data)

    def _drain(self) -> None:
        while self._queue:
            self._wait_writable(self._fd)
            head = self._queue[0]
            written = self._try_write(memoryview(head)[self._head_written :])
            if written:
                self._progress_at = self._clock()
            self._head_written += written
            if self._head_written == len(head):
                self._queue.popleft()
                self._queued_bytes -= len(head)
                self._head_written = 0
        self._drainer = None
