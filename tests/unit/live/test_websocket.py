"""The WebSocket transport sends nothing behind a close frame, its own or the answer to a peer's."""

import fcntl
import socket
import sys
import termios
from collections.abc import Iterator
from types import SimpleNamespace

import gevent
import gevent.socket
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, TextMessage

from web.live.close_codes import CloseCode, ProtocolViolationError
from web.live.outgoing import Message, Outgoing
from web.live.transports import websocket
from web.live.transports.frames import close_frame
from web.live.transports.websocket import MAX_MESSAGES_PER_SECOND, WebSocketTransport


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets: ours, which does not block, and the client's."""
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield near, far


def test_sent_messages_arrive_and_none_follows_the_close_frame(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    transport = WebSocketTransport(pair[0], Connection(ConnectionType.SERVER))
    assert transport.send(Outgoing(Message(b"1"), Message(b"2")))
    transport.close(CloseCode.NORMAL, "done")
    assert transport.send(Outgoing(Message(b"3")))
    transport.abort()
    first, second, close = read_events(pair[1])
    assert isinstance(first, TextMessage)
    assert isinstance(second, TextMessage)
    assert (first.data, second.data) == ("1", "2")
    assert close == CloseConnection(CloseCode.NORMAL, "done")


def test_nothing_follows_the_answer_to_the_peers_close_frame(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    client = Connection(ConnectionType.CLIENT)
    pair[1].sendall(client.send(CloseConnection(1001, "bye")))
    transport = WebSocketTransport(pair[0], Connection(ConnectionType.SERVER))
    assert list(transport.read_messages()) == []
    # Until the kernel is full: the answer waits in the queue while others have their turn.
    while transport.is_drained:
        assert transport.send(Outgoing(Message(b"x" * 1000)))
    reading = gevent.spawn(read_patiently, pair[1])
    gevent.spawn(transport.send, Outgoing(Message(b"late")))
    transport.finish_close()
    transport.abort()
    assert reading.get(timeout=20).endswith(b"xxx" + close_frame(1001))


@pytest.fixture
def _one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything happens within the second in which messages are counted."""
    monkeypatch.setattr(websocket, "time", SimpleNamespace(monotonic=lambda: 5.0))


@pytest.mark.usefixtures("_one_second")
@pytest.mark.parametrize("fragmented", [False, True])
def test_a_message_in_many_segments_or_fragments_is_one_message(fragmented: bool) -> None:
    text = "x" * (3 * MAX_MESSAGES_PER_SECOND)
    assert read_slowly(list_pieces(text, fragmented)) == [text]


@pytest.mark.usefixtures("_one_second")
def test_messages_are_counted_however_they_arrive() -> None:
    client = Connection(ConnectionType.CLIENT)
    raw = b"".join(client.send(TextMessage("x")) for _ in range(3 * MAX_MESSAGES_PER_SECOND))
    with pytest.raises(ProtocolViolationError, match="messages in a second"):
        read_slowly([raw[i : i + 5] for i in range(0, len(raw), 5)])


@pytest.mark.usefixtures("_one_second")
def test_empty_fragments_without_end_are_refused() -> None:
    client = Connection(ConnectionType.CLIENT)
    empty = TextMessage("", message_finished=False)
    with pytest.raises(ProtocolViolationError, match="messages in a second"):
        read_slowly([client.send(empty) for _ in range(3 * MAX_MESSAGES_PER_SECOND)])


def list_pieces(text: str, fragmented: bool) -> list[bytes]:
    """Return one message as a fragment for each character, or one frame byte by byte."""
    client = Connection(ConnectionType.CLIENT)
    if not fragmented:
        return [bytes([byte]) for byte in client.send(TextMessage(text))]
    last = len(text) - 1
    return [client.send(TextMessage(c, message_finished=i == last)) for i, c in enumerate(text)]


def read_slowly(pieces: list[bytes]) -> list[str]:
    """Return what a transport reads of these pieces, each of which it receives alone."""
    near, far = gevent.socket.socketpair()
    with near, far:
        transport = WebSocketTransport(near, Connection(ConnectionType.SERVER))
        reading = gevent.spawn(lambda: list(transport.read_messages()))
        for piece in pieces:
            far.sendall(piece)
            while count_unread(near) and not reading.ready():
                gevent.sleep(0)
        far.shutdown(socket.SHUT_WR)
        try:
            received: list[str] = reading.get(timeout=10)
        finally:
            transport.abort()
    return received


def count_unread(near: socket.socket) -> int:
    """Return how many bytes wait in the kernel to be received."""
    return int.from_bytes(fcntl.ioctl(near, termios.FIONREAD, bytes(4)), sys.byteorder)


def read_patiently(far: socket.socket) -> bytes:
    """Return what the client receives until the end of the stream, letting others run."""
    far.setblocking(False)
    received = b""
    while True:
        try:
            data = far.recv(65536)
        except BlockingIOError:
            gevent.sleep(0.001)
            continue
        if not data:
            return received
        received += data


def read_events(far: socket.socket) -> list[object]:
    """Return what the client receives until the end of the stream."""
    client = Connection(ConnectionType.CLIENT)
    while data := far.recv(4096):
        client.receive_data(data)
    return list(client.events())
