"""Messages for many connections are framed once for each kind of transport."""

from web.live.outgoing import Outgoing


def test_many_sends_frame_once_for_each_transport() -> None:
    framed: list[bytes] = []

    def line(payload: bytes) -> bytes:
        framed.append(payload)
        return payload + b"\n"

    def event(payload: bytes) -> bytes:
        framed.append(payload)
        return b"data: " + payload + b"\n\n"

    outgoing = Outgoing(b"1", b"2")
    assert [outgoing.framed(line) for _ in range(3)] == [b"1\n2\n"] * 3
    assert [outgoing.framed(event) for _ in range(3)] == [b"data: 1\n\ndata: 2\n\n"] * 3
    assert framed == [b"1", b"2", b"1", b"2"]


def test_outgoing_messages_are_joined_in_order() -> None:
    joined = Outgoing(b"1") + Outgoing(b"2", b"3")
    assert joined.payloads == (b"1", b"2", b"3")
