"""What goes out to many connections at once, framed once for each kind of transport.

Channels and the hub make these out of JSON payloads; transports turn them into bytes.
"""

from collections.abc import Callable

Framing = Callable[[bytes], bytes]
"""Return the bytes that carry one payload on one kind of transport."""


class Outgoing:
    """One or several messages in order, each a JSON payload.

    The framed bytes are cached by framing: for one event and thousands of sockets the frames are
    built once, and a socket costs only its write (about 7 µs).
    """

    __slots__ = ("_framed", "payloads")

    def __init__(self, *payloads: bytes):
        self.payloads = payloads
        self._framed: dict[Framing, bytes] = {}

    def __add__(self, other: "Outgoing") -> "Outgoing":
        return Outgoing(*self.payloads, *other.payloads)

    def framed(self, framing: Framing) -> bytes:
        """Return all messages as bytes for the transports that share this framing."""
        framed = self._framed.get(framing)
        if framed is None:
            framed = self._framed[framing] = b"".join(map(framing, self.payloads))
        return framed
