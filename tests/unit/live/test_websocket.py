"""The WebSocket transport sends nothing behind a close frame, its own or the answer to a peer's."""

import socket
from collections.abc import Iterator

import gevent
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, TextMessage

from web.live.close_codes import CloseCode
from web.live.outgoing import Outgoing
from web.live.transports.frames import close_frame
from web.live.transports.websocket import WebSocketTransport


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
    assert transport.send(Outgoing(b"1", b"2"))
    transport.close(CloseCode.NORMAL, "done")
    assert transport.send(Outgoing(b"3"))
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
        assert transport.send(Outgoing(b"x" * 1000))
    reading = gevent.spawn(read_patiently, pair[1])
    gevent.spawn(transport.send, Outgoing(b"late"))
    transport.finish_close()
    transport.abort()
    assert reading.get(timeout=20).endswith(b"xxx" + close_frame(1001))


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
