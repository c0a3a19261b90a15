"""A writer never waits, never cuts a frame, and refuses what its queue cannot hold."""

import socket
import time
from collections.abc import Callable, Iterator

import gevent
import pytest

from web.live.transports.writer import MAX_QUEUED_BYTES, MAX_QUEUED_WRITES, Writer


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends; ours takes little and does not block."""
    near, far = socket.socketpair()
    near.setblocking(False)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with near, far:
        yield near, far


@pytest.fixture
def writer(pair: tuple[socket.socket, socket.socket]) -> Iterator[Writer]:
    """The writer of our end."""
    writer = Writer(pair[0].fileno())
    yield writer
    writer.stop()


def fill(writer: Writer) -> int:
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
    writer: Writer, pair: tuple[socket.socket, socket.socket]
) -> None:
    assert writer.write(b"hello")
    assert writer.is_drained
    assert pair[1].recv(100) == b"hello"


def test_what_waits_is_written_whole_and_in_order(
    writer: Writer, pair: tuple[socket.socket, socket.socket]
) -> None:
    expected = b"a" * fill(writer)
    for number in range(50):
        piece = str(number).encode() * 300
        assert writer.write(piece)
        expected += piece
    assert read(pair[1], lambda got: len(got) >= len(expected)) == expected
    assert writer.is_drained


def test_the_queue_holds_so_many_writes(writer: Writer) -> None:
    fill(writer)
    taken = sum(writer.write(b"x") for _ in range(2 * MAX_QUEUED_WRITES))
    assert taken == MAX_QUEUED_WRITES - 1


def test_the_queue_holds_so_many_bytes(writer: Writer) -> None:
    fill(writer)
    assert not writer.write(b"x" * MAX_QUEUED_BYTES)
    assert writer.write(b"x" * 1000)


def test_a_stall_is_measured_from_the_last_progress(writer: Writer) -> None:
    assert writer.stalled_seconds(time.monotonic() + 100) == 0
    fill(writer)
    assert 99 < writer.stalled_seconds(time.monotonic() + 100) < 101


def test_the_last_frame_replaces_what_waits_but_no_frame_is_cut(
    writer: Writer, pair: tuple[socket.socket, socket.socket]
) -> None:
    written = fill(writer)
    writer.write(b"never seen")
    writer.finish(b"END", drop_queue=True)
    got = read(pair[1], lambda got: got.endswith(b"END"))
    # The write that was half done is complete; one of which nothing was sent is dropped.
    assert got in (b"a" * written + b"END", b"a" * (written - 1000) + b"END")


def test_the_last_frame_follows_what_waits(
    writer: Writer, pair: tuple[socket.socket, socket.socket]
) -> None:
    written = fill(writer)
    writer.write(b"seen")
    writer.finish(b"END", drop_queue=False)
    got = read(pair[1], lambda got: got.endswith(b"END"))
    assert got == b"a" * written + b"seenEND"


def test_a_stopped_writer_writes_nothing(
    writer: Writer, pair: tuple[socket.socket, socket.socket]
) -> None:
    fill(writer)
    writer.stop()
    assert writer.write(b"late")
    writer.finish(b"later", drop_queue=True)
    assert writer.is_drained


def test_a_vanished_peer_raises_nothing(
    writer: Writer, pair: tuple[socket.socket, socket.socket]
) -> None:
    pair[1].close()
    assert writer.write(b"hello")
    assert writer.is_drained
