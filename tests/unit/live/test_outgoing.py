"""Messages for many connections: framed once for each kind of transport, and of which channel."""

from datetime import UTC, datetime

from domain.errors import NotFoundError
from web.live import encoding
from web.live.outgoing import Message, Outgoing
from web.live.protocol import Position

AT = datetime(2025, 8, 8, tzinfo=UTC)


def test_many_sends_frame_once_for_each_transport() -> None:
    framed: list[bytes] = []

    def line(payload: bytes) -> bytes:
        framed.append(payload)
        return payload + b"\n"

    def event(payload: bytes) -> bytes:
        framed.append(payload)
        return b"data: " + payload + b"\n\n"

    outgoing = Outgoing(Message(b"1"), Message(b"2"))
    assert [outgoing.framed(line) for _ in range(3)] == [b"1\n2\n"] * 3
    assert [outgoing.framed(event) for _ in range(3)] == [b"data: 1\n\ndata: 2\n\n"] * 3
    assert framed == [b"1", b"2", b"1", b"2"]


def test_outgoing_messages_are_joined_in_order() -> None:
    joined = Outgoing(Message(b"1")) + Outgoing(Message(b"2"), Message(b"3"))
    assert joined.payloads == (b"1", b"2", b"3")


def test_a_message_knows_its_channel_and_the_position_after_it() -> None:
    at = Position("e", 7)
    snapshot = encoding.own_snapshot(at, 3, None, AT)
    assert (snapshot.channel, snapshot.position) == ("user:self", at)
    welcome = encoding.welcome("c", at, AT)
    assert (welcome.channel, welcome.position) == ("user:self", at)
    assert b"channel" not in welcome.payload.replace(b"channels", b"")
    left = encoding.unsubscribed(1, "leaderboard")
    assert (left.channel, left.position) == ("leaderboard", None)
    error = encoding.error(NotFoundError(), None)
    assert (error.channel, error.position) == (None, None)
