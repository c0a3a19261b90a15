"""One WebSocket after its upgrade: what is read, what is written, and how it ends.

flask-sock and simple_websocket do the upgrade and wsproto reads the frames; reading and writing
are ours, on one greenlet per socket. Sessions (`web/live/connection/session.py`) own these.
"""

import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import gevent
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from web.live.close_codes import DEAF_CODES, CloseCode
from web.live.protocol import MAX_MESSAGE_BYTES
from web.live.transports.frames import close_frame, ping_frame, pong_frame
from web.live.transports.writer import Writer

RECEIVE_BYTES = 4096
# Small enough to notice soon that a client reads too slowly, and to bound 5,000 of them; the
# kernel doubles it.
SEND_BUFFER_BYTES = 64 * 1024
MAX_MESSAGES_PER_SECOND = 100
CLOSE_WAIT_SECONDS = 1.5
DRAIN_POLL_SECONDS = 0.02
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ViolationError(Exception):
    """The peer broke the protocol in a way that ends the socket with `code`."""

    def __init__(self, code: CloseCode, reason: str):
        super().__init__(reason)
        self.code = code
        self.reason = reason


class LiveSocket:
    """Reads text messages and writes frames; belongs to one greenlet for reading."""

    __slots__ = (
        "_closing_at",
        "_parser",
        "_parts",
        "_parts_bytes",
        "_peer_close_code",
        "_received",
        "_second",
        "_sock",
        "pong_received",
        "writer",
    )

    def __init__(self, sock: Any, parser: Any):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._sock = sock
        self._parser = parser
        self.writer = Writer(sock.fileno())
        self.pong_received = True
        self._parts: list[str] = []
        self._parts_bytes = 0
        self._peer_close_code: int | None = None
        self._closing_at: float | None = None
        self._second = 0
        self._received = 0

    @property
    def is_closing(self) -> bool:
        """Whether a close frame was sent or is about to be."""
        return self._closing_at is not None

    def read_messages(self) -> Iterator[str]:
        """Yield text messages until either side closes; raises ViolationError."""
        while data := self._receive():
            self._parser.receive_data(data)
            for event in self._parser.events():
                if self.is_closing:
                    return
                text = self._take(event)
                if self._peer_close_code is not None:
                    return
                if text is not None:
                    yield text
            if self.is_closing:
                return

    def ping(self) -> bool:
        """Ask for a pong; return False when the queue is full."""
        self.pong_received = False
        return self.writer.write(ping_frame())

    def begin_close(self, code: CloseCode, reason: str) -> None:
        """Send the close frame after what is queued, or instead of it to a peer that is deaf."""
        self._closing_at = time.monotonic()
        if code in DEAF_CODES:
            # What the kernel holds for a peer that does not read would stay for minutes.
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.writer.finish(close_frame(code, reason), drop_queue=code in DEAF_CODES)

    def end_if_overdue(self, now: float) -> None:
        """Wake and end the reader when the peer did not answer our close frame in time."""
        if self._closing_at is not None and now - self._closing_at > CLOSE_WAIT_SECONDS:
            self.abort()

    def abort(self) -> None:
        """End the reader now."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def linger(self) -> None:
        """See the close through: answer the peer's, or wait for the answer to ours.

        Closing with unread input would make the kernel reset the connection, and the peer would
        lose the close code; so the rest is read and thrown away.
        """
        if self._peer_close_code is not None and not self.is_closing:
            self.writer.finish(close_frame(self._peer_close_code), drop_queue=False)
            self._wait_drained()
        elif self.is_closing:
            while self._parser.state is ConnectionState.OPEN and (data := self._receive()):
                self._parser.receive_data(data)
                for _ in self._parser.events():
                    pass
        self.writer.stop()

    def _wait_drained(self) -> None:
        deadline = time.monotonic() + CLOSE_WAIT_SECONDS
        while not self.writer.is_drained and time.monotonic() < deadline:
            gevent.sleep(DRAIN_POLL_SECONDS)

    def _receive(self) -> bytes:
        try:
            data: bytes = self._sock.recv(RECEIVE_BYTES)
        except OSError:
            return b""
        return data

    def _take(self, event: Any) -> str | None:
        """Digest one event of the peer; return a message when it is complete."""
        self._count_message()
        match event:
            case TextMessage():
                return self._take_text(event)
            case BytesMessage():
                raise ViolationError(CloseCode.BINARY, "binary messages are not taken")
            case Pong():
                self.pong_received = True
            case Ping():
                self._answer_ping(bytes(event.payload))
            case CloseConnection():
                self._take_close(event)
        return None

    def _take_text(self, event: Any) -> str | None:
        self._parts_bytes += len(event.data.encode())
        if self._parts_bytes > MAX_MESSAGE_BYTES:
            raise ViolationError(
                CloseCode.TOO_BIG, f"a message has at most {MAX_MESSAGE_BYTES} bytes"
            )
        self._parts.append(event.data)
        if not event.message_finished:
            return None
        text = "".join(self._parts)
        self._parts.clear()
        self._parts_bytes = 0
        return text

    def _answer_ping(self, payload: bytes) -> None:
        if not self.writer.write(pong_frame(payload)):
            raise ViolationError(CloseCode.TOO_SLOW, "the queue is full")

    def _take_close(self, event: Any) -> None:
        if self._parser.state is ConnectionState.OPEN:
            # wsproto reports what it could not parse as a close event of its own.
            if event.code == CloseCode.BAD_UTF8:
                raise ViolationError(CloseCode.BAD_UTF8, "text must be UTF-8")
            raise ViolationError(CloseCode.PROTOCOL_ERROR, "this is not RFC 6455")
        says_why = event.code is not None and event.code != 1005
        self._peer_close_code = int(event.code) if says_why else CloseCode.NORMAL

    def _count_message(self) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._received = second, 0
        self._received += 1
        if self._received > MAX_MESSAGES_PER_SECOND:
            raise ViolationError(
                CloseCode.POLICY, f"more than {MAX_MESSAGES_PER_SECOND} messages in a second"
            )
