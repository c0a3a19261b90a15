"""The frames we build are the frames a client understands."""

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, Pong, TextMessage

from web.live.transports.frames import close_frame, ping_frame, pong_frame, text_frame


def hear(data: bytes) -> list[object]:
    """Return what a client hears."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    return list(client.events())


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_text_of_every_length_arrives(length: int) -> None:
    text = "é" * (length // 2) + "x" * (length % 2)
    pieces = hear(text_frame(text.encode()) + text_frame(b"next"))
    texts = [piece for piece in pieces if isinstance(piece, TextMessage)]
    assert len(texts) == len(pieces)
    assert "".join(piece.data for piece in texts) == text + "next"


def test_control_frames_arrive() -> None:
    (ping, pong, close) = hear(ping_frame(b"a") + pong_frame(b"b") + close_frame(4408, "slow"))
    assert ping == Ping(payload=b"a")
    assert pong == Pong(payload=b"b")
    assert close == CloseConnection(code=4408, reason="slow")


def test_a_long_reason_is_cut_between_characters() -> None:
    (close,) = hear(close_frame(1008, "é" * 100))
    assert close == CloseConnection(code=1008, reason="é" * 61)
