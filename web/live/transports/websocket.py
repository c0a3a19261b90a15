"""The WebSocket transport: one socket after its upgrade, from reading to the close handshake.

flask-sock and simple_websocket do the upgrade and wsproto parses the frames; reading and writing
are ours, on one greenlet per socket. `web/live/endpoints/sockets.py` makes one for every session.
"""

import socket
import time
from collections.abc import Iterator
from typing import Any

from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from web.live.close_codes import UNRESPONSIVE_CODES, CloseCode, ProtocolViolationError
from web.live.outgoing import Outgoing
from web.live.protocol import MAX_MESSAGE_BYTES
from web.live.transports.frames import close_frame, ping_frame, pong_frame, text_frame
from web.live.transports.raw_socket import (
    bound_send_buffer,
    is_overdue,
    receive,
    reset_on_close,
    shut,
    wait_drained,
)
from web.live.transports.writer import SocketWriter

RECEIVE_BYTES = 4096
MAX_MESSAGES_PER_SECOND = 100
# RFC 6455, section 7.4.1: stands for a close frame without a code, never sent.
NO_STATUS_RECEIVED = 1005


class WebSocketTransport:
    """Reads text messages and sends frames; one greenlet reads, any may send.

    `sock` is the connected socket, `parser` wsproto's connection after the handshake. Implements
    `Transport` of `web/live/connection/transport.py`.
    """

    is_one_way = False

    __slots__ = (
        "_closing_at",
        "_parser",
        "_parts",
        "_parts_bytes",
        "_peer_close_code",
        "_received",
        "_second",
        "_sock",
        "_writer",
        "pong_received",
    )

    def __init__(self, sock: Any, parser: Any):
        bound_send_buffer(sock)
        self._sock = sock
        self._parser = parser
        self._writer = SocketWriter(sock.fileno())
        self.pong_received = True
        self._parts: list[str] = []
        self._parts_bytes = 0
        self._peer_close_code: int | None = None
        self._closing_at: float | None = None
        self._second = 0
        self._received = 0

    @property
    def is_closing(self) -> bool:
        """Whether `close` was called: a close frame was sent or is queued."""
        return self._closing_at is not None

    @property
    def is_drained(self) -> bool:
        """Whether the kernel has everything that was sent."""
        return self._writer.is_drained

    def read_messages(self) -> Iterator[str]:
        """Yield text messages until either side closes. Raises ProtocolViolationError."""
        while data := receive(self._sock, RECEIVE_BYTES):
            self._parser.receive_data(data)
            for event in self._parser.events():
                if self.is_closing:
                    return
                text = self._handle_event(event)
                if self._peer_close_code is not None:
                    return
                if text is not None:
                    yield text
            if self.is_closing:
                return

    def send(self, outgoing: Outgoing) -> bool:
        """Send these messages as text frames; return False when the queue has no room for them.

        While closing they are dropped: no frame may follow a close frame.
        """
        if self._closing_at is not None:
            return True
        return self._writer.write(outgoing.framed(text_frame))

    def stalled_seconds(self, now: float) -> float:
        """Return for how long the kernel has taken nothing of what is queued."""
        return self._writer.stalled_seconds(now)

    def ping(self) -> bool:
        """Ask for a pong; return False when the queue is full."""
        self.pong_received = False
        return self._writer.write(ping_frame())

    def close(self, code: CloseCode, reason: str, retry_after_ms: int | None = None) -> None:
        """Send the close frame behind what is queued, or instead of it to a peer not reading."""
        self._closing_at = time.monotonic()
        if code in UNRESPONSIVE_CODES:
            reset_on_close(self._sock)
        self._writer.finish(close_frame(code, reason), drop_queue=code in UNRESPONSIVE_CODES)

    def abort_if_overdue(self, now: float) -> None:
        """Cut the connection when the peer has not answered our close frame in time."""
        if is_overdue(self._closing_at, now):
            self.abort()

    def abort(self) -> None:
        """Cut the connection now: a blocked reader wakes and ends."""
        shut(self._sock, socket.SHUT_RDWR)

    def finish_close(self) -> None:
        """See the close through: answer the peer's, or wait for the answer to ours.

        Closing with unread input would make the kernel reset the connection, and the peer would
        lose the close code; so the remaining input is read and dropped.
        """
        if self._peer_close_code is not None and not self.is_closing:
            # From now on sends are dropped: nothing may follow the close frame.
            self._closing_at = time.monotonic()
            self._writer.finish(close_frame(self._peer_close_code), drop_queue=False)
            wait_drained(self._writer)
        elif self.is_closing:
            while self._parser.state is ConnectionState.OPEN and (
                data := receive(self._sock, RECEIVE_BYTES)
            ):
                self._parser.receive_data(data)
                for _ in self._parser.events():
                    pass
        self._writer.stop()

    def _handle_event(self, event: Any) -> str | None:
        """Handle one event of the parser; return a message when it is complete.

        A message may arrive in any number of pieces, each an event of the parser: it is counted at
        its end. Empty fragments are counted too, because no other limit bounds them.
        """
        if getattr(event, "message_finished", True) or not event.data:
            self._count_message()
        match event:
            case TextMessage():
                return self._collect_text(event)
            case BytesMessage():
                raise ProtocolViolationError(CloseCode.BINARY, "binary messages are not taken")
            case Pong():
                self.pong_received = True
            case Ping():
                self._answer_ping(bytes(event.payload))
            case CloseConnection():
                self._note_peer_close(event)
        return None

    def _collect_text(self, event: Any) -> str | None:
        self._parts_bytes += len(event.data.encode())
        if self._parts_bytes > MAX_MESSAGE_BYTES:
            raise ProtocolViolationError(
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
        if not self._writer.write(pong_frame(payload)):
            raise ProtocolViolationError(CloseCode.TOO_SLOW, "the queue is full")

    def _note_peer_close(self, event: Any) -> None:
        if self._parser.state is ConnectionState.OPEN:
            # wsproto reports what it cannot parse as a close event that the peer never sent.
            if event.code == CloseCode.BAD_UTF8:
                raise ProtocolViolationError(CloseCode.BAD_UTF8, "text must be UTF-8")
            raise ProtocolViolationError(CloseCode.PROTOCOL_ERROR, "this is not RFC 6455")
        has_code = event.code is not None and event.code != NO_STATUS_RECEIVED
        self._peer_close_code = int(event.code) if has_code else CloseCode.NORMAL

    def _count_message(self) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._received = second, 0
        self._received += 1
        if self._received > MAX_MESSAGES_PER_SECOND:
            raise ProtocolViolationError(
                CloseCode.POLICY, f"more than {MAX_MESSAGES_PER_SECOND} messages in a second"
            )
