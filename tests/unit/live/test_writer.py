"""A writer never waits, never cuts a frame, and refuses what its queue cannot hold."""

import socket
import time
from collections.abc import Callable, Iterator

import gevent
import pytest

from tests.waiting import wait_until
from web.live.transports.writer import MAX_QUEUED_BYTES, MAX_QUEUED_WRITES, SocketWriter


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends; ours takes little and does not block."""
    near, far = socket.socketpair()
    near.setblocking(False)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with near, far:
        yield near, far


@pytest.fixture
def writer(pair: tuple[socket.socket, socket.socket]) -> Iterator[SocketWriter]:
    """The writer of our end."""
    writer = SocketWriter(pair[0].fileno())
    yield writer
    writer.stop()


def fill(writer: SocketWriter) -> int:
    """Write until something waits; return how much was written."""
    written = 0
    while writer.is_drained:
        assert writer.write(b"a" * 1000)
        written += 1000
    return written


def read(far: socket.socket, is_done: Callable[[bytes], bool]) -> bytes:
    """Read while the writer's greenlet runs."""
    far.setblocking(False)
    received, deadline = b"", time.monotonic() + 5
    while not is_done(received) and time.monotonic() < deadline:
        try:
            received += far.recv(65536)
        except BlockingIOError:
            gevent.sleep(0.001)
    return received


def test_what_fits_is_written_at_once(
    writer: SocketWriter, pair: tuple[socket.socket, socket.socket]
) -> None:
    assert writer.write(b"hello")
    assert writer.is_drained
    assert pair[1].recv(100) == b"hello"


def test_what_waits_is_written_whole_and_in_order(
    writer: SocketWriter, pair: tuple[socket.socket, socket.socket]
) -> None:
    expected = b"a" * fill(writer)
    for number in range(50):
        piece = str(number).encode() * 300
        assert writer.write(piece)
        expected += piece
    assert read(pair[1], lambda got: len(got) >= len(expected)) == expected
    assert writer.is_drained


def test_the_queue_holds_so_many_writes(writer: SocketWriter) -> None:
    fill(writer)
    taken = sum(writer.write(b"x") for _ in range(2 * MAX_QUEUED_WRITES))
    assert taken == MAX_QUEUED_WRITES - 1


def test_the_queue_holds_so_many_bytes(writer: SocketWriter) -> None:
    fill(writer)
    assert not writer.write(b"x" * MAX_QUEUED_BYTES)
    assert writer.write(b"x" * 1000)


def test_a_stall_is_measured_from_the_last_progress(writer: SocketWriter) -> None:
    assert writer.stalled_seconds(time.monotonic() + 100) == 0
    fill(writer)
    assert 99 < writer.stalled_seconds(time.monotonic() + 100) < 101


class Kernel:
    """The kernel behind a descriptor: takes `room` more bytes, then blocks."""

    def __init__(self, room: int):
        self.room = room
        self.received = b""

    def write(self, _fd: int, data: bytes | memoryview) -> int:
        taken = bytes(data[: self.room])
        if not taken:
            raise BlockingIOError
        self.room -= len(taken)
        self.received += taken
        return len(taken)


@pytest.mark.parametrize(
    ("room", "received"),
    [(0, b"END"), (1, b"firstEND"), (4, b"firstEND"), (5, b"firstEND"), (7, b"firstsecondEND")],
    ids=["nothing sent", "a byte sent", "all but a byte sent", "first sent", "second half sent"],
)
def test_the_last_frame_replaces_the_queue_but_a_half_sent_frame_is_completed(
    room: int, received: bytes
) -> None:
    kernel = Kernel(room)
    writer = SocketWriter(7, write_now=kernel.write, wait_writable=lambda _fd: gevent.sleep(0))
    for frame in (b"first", b"second", b"third"):
        assert writer.write(frame)
    gevent.sleep(0)
    writer.finish(b"END", drop_queue=True)
    kernel.room = 100
    wait_until(lambda: drained(writer))
    assert kernel.received == received


def test_the_rest_of_a_half_sent_frame_counts_against_the_queue_after_a_drop() -> None:
    kernel = Kernel(1)
    writer = SocketWriter(7, write_now=kernel.write, wait_writable=lambda _fd: gevent.sleep(0))
    assert writer.write(b"x" * MAX_QUEUED_BYTES)
    writer.finish(b"END", drop_queue=True)
    assert not writer.write(b"more")
    writer.stop()


def drained(writer: SocketWriter) -> bool:
    """Let the writer's greenlet run; return whether the kernel has everything."""
    gevent.sleep(0)
    return writer.is_drained


def test_the_last_frame_follows_what_waits(
    writer: SocketWriter, pair: tuple[socket.socket, socket.socket]
) -> None:
    written = fill(writer)
    writer.write(b"seen")
    writer.finish(b"END", drop_queue=False)
    got = read(pair[1], lambda got: got.endswith(b"END"))
    assert got == b"a" * written + b"seenEND"


def test_a_stopped_writer_writes_nothing(
    writer: SocketWriter, pair: tuple[socket.socket, socket.socket]
) -> None:
    fill(writer)
    writer.stop()
    assert writer.write(b"late")
    writer.finish(b"later", drop_queue=True)
    assert writer.is_drained


def test_a_vanished_peer_raises_nothing(
    writer: SocketWriter, pair: tuple[socket.socket, socket.socket]
) -> None:
    pair[1].close()
    assert writer.write(b"hello")
    assert writer.is_drained
