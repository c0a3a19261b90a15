"""What goes out to many connections at once, framed once for each kind of transport.

`encoding.py` makes the messages; channels and the hub send them; transports turn them into bytes.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from web.http.responses import dump_json
from web.live.protocol import Position

Framing = Callable[[bytes], bytes]
"""Return the bytes that carry one payload on one kind of transport."""


class Message(NamedTuple):
    """One JSON payload, its channel, and where the channel's listener is once it has it.

    `channel` is None for what belongs to the connection (an error, a pong), `position` for what
    does not say one.
    """

    payload: bytes
    channel: str | None = None
    position: Position | None = None


def make_message(fields: Mapping[str, Any]) -> Message:
    """Return the message with these fields; its channel and position are theirs."""
    position = Position(fields["epoch"], fields["seq"]) if "epoch" in fields else None
    return Message(dump_json(fields), fields.get("channel"), position)


class Outgoing:
    """One or several messages in order.

    The framed bytes are cached by framing: for one event and thousands of sockets the frames are
    built once, and a socket costs only its write (about 7 µs).
    """

    __slots__ = ("_framed", "messages")

    def __init__(self, *messages: Message):
        self.messages = messages
        self._framed: dict[Framing, bytes] = {}

    def __add__(self, other: "Outgoing") -> "Outgoing":
        return Outgoing(*self.messages, *other.messages)

    @property
    def payloads(self) -> tuple[bytes, ...]:
        """The messages' JSON."""
        return tuple(message.payload for message in self.messages)

    def framed(self, framing: Framing) -> bytes:
        """Return all messages as bytes for the transports that share this framing."""
        framed = self._framed.get(framing)
        if framed is None:
            framed = self._framed[framing] = b"".join(map(framing, self.payloads))
        return framed
