"""The heartbeat of one connection: when to ping, what has not been answered, and since when.

Owned by `session.py`. All times are monotonic seconds.
"""

import random

from web.live.connection.transport import Transport
from web.live.protocol import HEARTBEAT_SECONDS

# The protocol says 10 s; deadlines are checked once a second.
PONG_SECONDS = 9.0
_CHANCE = random.SystemRandom()


class Heartbeat:
    """Pings through the transport, which notes the pongs."""

    __slots__ = ("_heard_at", "_next_ping_at", "_pinged_at", "_pong_due_at", "_transport")

    def __init__(self, transport: Transport, now: float):
        self._transport = transport
        # Spread over the interval: thousands that connected at once must not be pinged at once.
        self._next_ping_at = now + HEARTBEAT_SECONDS * _CHANCE.uniform(0.5, 1.0)
        self._pong_due_at: float | None = None
        self._pinged_at = self._heard_at = now

    def note_message(self, now: float) -> None:
        """Note that the client has said something."""
        self._heard_at = now

    def silent_seconds(self, now: float) -> float:
        """Return for how long a ping has been unanswered and nothing else was heard; else 0.0."""
        if self._transport.pong_received:
            return 0.0
        return now - max(self._pinged_at, self._heard_at)

    def is_overdue(self, now: float) -> bool:
        """Return whether the last ping should have been answered by now."""
        if self._transport.pong_received:
            self._pong_due_at = None
        return self._pong_due_at is not None and now > self._pong_due_at

    def ping_if_due(self, now: float) -> bool:
        """Ping when it is time; return False when the queue is full."""
        return now < self._next_ping_at or self._ping(now)

    def probe(self, now: float) -> bool:
        """Ping now, unless an answer is awaited; return False when the queue is full."""
        return not self._transport.pong_received or self._ping(now)

    def _ping(self, now: float) -> bool:
        self._next_ping_at = now + HEARTBEAT_SECONDS * _CHANCE.uniform(0.9, 1.0)
        self._pong_due_at = now + PONG_SECONDS
        self._pinged_at = now
        return self._transport.ping()
