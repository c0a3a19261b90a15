"""The parts of event streams: lines, ids, what a request asks for, and the transport."""

import socket
from collections.abc import Iterator
from uuid import uuid4

import orjson
import pytest

from domain.errors import ForbiddenError, InvalidPayloadError
from tests.waiting import wait_until
from web.live.close_codes import CloseCode
from web.live.endpoints.stream_request import read_stream_request
from web.live.outgoing import Outgoing, make_message
from web.live.protocol import MAX_SEQ, Position
from web.live.transports.event_ids import decode_id, encode_id
from web.live.transports.event_stream import EventStreamTransport

POSITIONS = {"user:self": Position("a1", 7), "leaderboard:weekly": Position("b2", MAX_SEQ)}


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a TCP connection; ours does not block."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        far = socket.create_connection(server.getsockname(), timeout=5)
        near, _ = server.accept()
    near.setblocking(False)
    with near, far:
        yield near, far


@pytest.mark.parametrize("segment", ["", "DE", "a b;c=d@é\n"])
def test_an_id_comes_back_as_it_was(segment: str) -> None:
    sent = encode_id(POSITIONS, segment).decode("ascii")
    assert sent.isprintable()
    assert decode_id(sent, segment) == POSITIONS
    assert decode_id(sent, "FR") == {}


def test_what_has_no_position_cannot_be_resumed() -> None:
    assert encode_id({"leaderboard": Position("", 0)}, "") == b""
    assert decode_id("", "") == {}


@pytest.mark.parametrize(
    "sent", ["x", "a=b", "a=.1", "a=b.-1", f"a=b.{MAX_SEQ + 1}", "a=b.1;", "A=b.1", "a=b.1" * 999]
)
def test_what_is_no_id_has_no_positions(sent: str) -> None:
    assert decode_id(sent, "") == {}


def test_a_request_asks_for_what_a_socket_would_ask_for() -> None:
    asked = read_stream_request(
        {
            "channels": "leaderboard,leaderboard:weekly,around:weekly:self,leaderboard",
            "limit": "50",
            "neighbors": "5",
            "segment": "DE",
        },
        None,
        uuid4(),
    )
    assert [orjson.loads(message) for message in asked.messages] == [
        {"op": "subscribe", "id": name, "channel": name, **options}
        for name, options in (
            ("leaderboard", {"limit": 50}),
            ("leaderboard:weekly", {"limit": 50, "segment": "DE"}),
            ("around:weekly:self", {"limit": 5, "segment": "DE"}),
        )
    ]


def test_each_channel_resumes_from_its_own_position_and_the_own_channel_too() -> None:
    sent = encode_id({**POSITIONS, "leaderboard": Position("a1", 6)}, "").decode()
    asked = read_stream_request({"channels": "leaderboard"}, sent, uuid4())
    assert [
        (message["channel"], message["since"]) for message in map(orjson.loads, asked.messages)
    ] == [("user:self", {"epoch": "a1", "seq": 7}), ("leaderboard", {"epoch": "a1", "seq": 6})]
    assert asked.resumed.keys() == {"user:self", "leaderboard"}


def test_another_users_channel_is_forbidden_and_unknown_parameters_are_refused() -> None:
    with pytest.raises(ForbiddenError):
        read_stream_request({"channels": f"user:{uuid4()}"}, None, uuid4())
    with pytest.raises(InvalidPayloadError):
        read_stream_request({"channels": "leaderboard", "lastEventId": "1"}, None, uuid4())


def own(event: str, seq: int) -> Outgoing:
    """Return an event of the own channel at this position."""
    fields = {"event": event, "channel": "user:self", "epoch": "a1", "seq": seq}
    return Outgoing(make_message(fields))


def test_the_id_stays_at_what_the_client_has_until_the_missed_is_sent(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    resumed = {"user:self": Position("a1", 7)}
    transport = EventStreamTransport(pair[0], b"", [], resumed, "")
    for outgoing in (own("welcome", 9), own("score_updated", 10)):
        transport.send(outgoing)
    assert b"\nid: " not in read_available(pair[1])
    transport.send(own("subscribed", 10))
    assert b"\nid: user:self=a1.10\n\n" in read_available(pair[1])


def test_a_channel_that_is_moved_on_is_no_answer_to_a_resume(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    near, far = pair
    transport = EventStreamTransport(near, b"", [], {"user:self": Position("a1", 5)}, "")
    moved_on = {
        "event": "subscribed",
        "id": None,
        "channel": "user:self",
        "epoch": "a1",
        "seq": 8,
        "recovered": True,
    }
    transport.send(Outgoing(make_message(moved_on)))
    assert b"user:self=a1.8" not in read_available(far)
    transport.send(Outgoing(make_message(moved_on | {"id": "user:self"})))
    assert b"user:self=a1.8" in read_available(far)


def test_the_id_is_in_the_last_event_of_what_belongs_together(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    transport = EventStreamTransport(pair[0], b"", [], {}, "")
    read_available(pair[1])
    transport.send(own("score_updated", 3) + own("user_position_changed", 3))
    first, second, rest = read_available(pair[1]).split(b"\n\n")
    assert first.startswith(b'data: {"event":"score_updated"')
    assert b"id:" not in first
    assert second.endswith(b"\nid: user:self=a1.3")
    assert rest == b""


def test_nothing_follows_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    transport = EventStreamTransport(pair[0], b"", [], {}, "")
    read_available(pair[1])
    transport.close(CloseCode.GOING_AWAY, "bye", 1234)
    assert transport.send(own("score_updated", 3))
    assert list(transport.read_messages()) == []
    transport.finish_close()
    expected = b'retry: 1234\n\nevent: end\ndata: {"event":"end","code":1001,"reason":"bye"}\n\n'
    assert read_available(pair[1]) == expected


def test_an_acknowledgement_is_the_pong(pair: tuple[socket.socket, socket.socket]) -> None:
    near, far = pair
    transport = EventStreamTransport(near, b"", [], {}, "")
    assert transport.ping()
    wait_until(lambda: transport.pong_received)
    while transport.is_drained:
        assert transport.send(own("score_updated", 1))
    # The client's system has no room left, and acknowledges nothing.
    assert transport.ping()
    assert not transport.pong_received
    far.settimeout(0.2)
    wait_until(lambda: bool(far.recv(1 << 20)) and transport.pong_received)
    transport.finish_close()


def read_available(far: socket.socket) -> bytes:
    """Return what has been sent; a local connection delivers it at once."""
    return far.recv(65536)
