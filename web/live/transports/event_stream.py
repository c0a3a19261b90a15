"""The transport of server-sent events: one HTTP response that never ends by itself.

`web/live/endpoints/streams.py` makes one for every session. What a client would say on a WebSocket
is in its request, so the session is given that as its messages; after them nothing is read.
"""

import random
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gevent

from web.live.close_codes import UNRESPONSIVE_CODES, CloseCode, ProtocolViolationError
from web.live.outgoing import Outgoing
from web.live.protocol import Position
from web.live.transports.acknowledged import count_acknowledged, count_outstanding
from web.live.transports.event_ids import encode_id
from web.live.transports.event_lines import COMMENT, data_event, end_event, retry, with_id
from web.live.transports.raw_socket import (
    DRAIN_POLL_SECONDS,
    bound_send_buffer,
    is_overdue,
    receive,
    reset_on_close,
    shut,
    wait_drained,
)
from web.live.transports.writer import SocketWriter

RECEIVE_BYTES = 1024
# For clients that come back by themselves: thousands must not do so at once.
RETRY_MS = (1_000, 6_000)
_SUBSCRIBED = b'{"event":"subscribed"'
# Unasked: no answer to what this connection has asked for.
_MOVED_ON = b'{"event":"subscribed","id":null', b'"recovered":true}'
_CHANCE = random.SystemRandom()


class EventStreamTransport:
    """Sends events, each with the positions of all channels in its id; any greenlet may send.

    `head` is the head of the HTTP response, `messages` are what the request asks for, `resumed` the
    positions that the client says it has, `segment` that of the boards it follows. Implements
    `Transport` of `web/live/connection/transport.py`.
    """

    is_one_way = True

    __slots__ = (
        "_acknowledged_when_alive",
        "_closing_at",
        "_messages",
        "_positions",
        "_segment",
        "_sock",
        "_unanswered",
        "_writer",
    )

    def __init__(
        self,
        sock: Any,
        head: bytes,
        messages: Sequence[str],
        resumed: Mapping[str, Position],
        segment: str,
    ):
        bound_send_buffer(sock)
        self._sock = sock
        self._messages = messages
        self._positions = dict(resumed)
        # Their client still lacks what happened since, whatever it is sent meanwhile.
        self._unanswered = set(resumed)
        self._segment = segment
        self._acknowledged_when_alive = 0
        self._closing_at: float | None = None
        self._writer = SocketWriter(sock.fileno())
        self._writer.write(head + retry(_CHANCE.randrange(*RETRY_MS)))

    @property
    def is_closing(self) -> bool:
        """Whether `close` was called: the last event was sent or is queued."""
        return self._closing_at is not None

    @property
    def is_drained(self) -> bool:
        """Whether the kernel has everything that was sent."""
        return self._writer.is_drained

    @property
    def pong_received(self) -> bool:
        """Whether the client's system has acknowledged what it had been sent by the last ping."""
        acknowledged = count_acknowledged(self._sock)
        return acknowledged is None or acknowledged >= self._acknowledged_when_alive

    def read_messages(self) -> Iterator[str]:
        """Yield what the request asks for; then wait until either side closes.

        Raises ProtocolViolationError when the client says anything else.
        """
        for message in self._messages:
            # One snapshot after the other: together they may be more than the queue takes.
            while not (self.is_drained or self.is_closing):
                gevent.sleep(DRAIN_POLL_SECONDS)
            if self.is_closing:
                return
            yield message
        if receive(self._sock, RECEIVE_BYTES) and not self.is_closing:
            raise ProtocolViolationError(
                CloseCode.PROTOCOL_ERROR, "nothing may follow the request of a stream"
            )

    def send(self, outgoing: Outgoing) -> bool:
        """Send these messages as events; return False when the queue has no room for them.

        While closing they are dropped: the end is the last event.
        """
        if self._closing_at is not None:
            return True
        events = outgoing.framed(data_event)
        if self._advance(outgoing):
            events = with_id(events, encode_id(self._positions, self._segment))
        return self._writer.write(events)

    def stalled_seconds(self, now: float) -> float:
        """Return for how long the kernel has taken nothing of what is queued."""
        return self._writer.stalled_seconds(now)

    def ping(self) -> bool:
        """Send a comment, which the client acknowledges; return False when the queue is full."""
        has_room = self._writer.write(COMMENT)
        acknowledged = count_acknowledged(self._sock)
        if acknowledged is not None:
            self._acknowledged_when_alive = acknowledged + count_outstanding(self._sock)
        return has_room

    def close(self, code: CloseCode, reason: str, retry_after_ms: int | None = None) -> None:
        """Send the last event behind what is queued, or instead of it to a peer not reading."""
        self._closing_at = time.monotonic()
        is_unresponsive = code in UNRESPONSIVE_CODES
        if is_unresponsive:
            reset_on_close(self._sock)
        last = end_event(code, reason)
        if retry_after_ms is not None:
            last = retry(retry_after_ms) + last
        self._writer.finish(last, drop_queue=is_unresponsive)
        # The client has no answer to give: the reader wakes, and ends the session.
        shut(self._sock, socket.SHUT_RD)

    def abort_if_overdue(self, now: float) -> None:
        """Cut the connection when the last event could not be sent in time."""
        if is_overdue(self._closing_at, now):
            self.abort()

    def abort(self) -> None:
        """Cut the connection now: a blocked reader wakes and ends."""
        shut(self._sock, socket.SHUT_RDWR)

    def finish_close(self) -> None:
        """Wait until the last event is sent; the end of the response is that of the connection."""
        if self.is_closing:
            wait_drained(self._writer)
        self._writer.stop()

    def _advance(self, outgoing: Outgoing) -> bool:
        """Note the positions after these messages; return whether there are any."""
        is_moved = False
        for message in outgoing.messages:
            if message.channel is None or message.position is None:
                continue
            if message.payload.startswith(_SUBSCRIBED) and not _is_moved_on(message.payload):
                self._unanswered.discard(message.channel)
            if message.channel not in self._unanswered:
                self._positions[message.channel] = message.position
                is_moved = True
        return is_moved


def _is_moved_on(payload: bytes) -> bool:
    start, end = _MOVED_ON
    return payload.startswith(start) and payload.endswith(end)
