"""The limits: how many connections may be open, of each user and in all, and what each may ask for.

`web/live/endpoints/` acquires a slot before the upgrade; the session, or the end of the request,
releases it.
"""

import time
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from domain.errors import RateLimitExceededError
from domain.settings import Settings

RETRY_AFTER_SECONDS = 5
# For the sockets of one user: by then those that are dead have not answered a ping in time.
USER_RETRY_AFTER_SECONDS = 3
# A living client answers a ping sooner than this, over any network that is of use.
SILENCE_SECONDS = 2.0
# A client that comes back subscribes to all its channels at once; each costs a look at a store.
SUBSCRIPTIONS_AT_ONCE = 64
SUBSCRIPTIONS_PER_SECOND = 8


class SlotHolder(Protocol):
    """The session that holds a slot."""

    def silent_seconds(self, now: float) -> float:
        """Return for how long a ping has been unanswered and nothing else was heard; else 0.0."""

    def probe(self, now: float) -> None:
        """Ask for a sign of life, unless one is awaited."""

    def give_way(self) -> None:
        """Close, and release the slot at once."""


class ConnectionSlot:
    """One connection's share of the limit; the session that uses it sets `holder`."""

    __slots__ = ("_limit", "_user_id", "holder")

    def __init__(self, limit: "ConnectionLimit", user_id: UUID):
        self._limit: ConnectionLimit | None = limit
        self._user_id = user_id
        self.holder: SlotHolder | None = None

    def release(self) -> None:
        """Give the slot back; releasing it again changes nothing."""
        if self._limit is not None:
            limit, self._limit = self._limit, None
            limit.discount(self._user_id, self)


class ConnectionLimit:
    """Counts the open connections of this process; belongs to one event loop.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic):
        self._max_per_user = settings.max_sockets_per_user
        self._max_in_all = settings.max_sockets
        self._clock = clock
        # Of each user, the oldest first.
        self._by_user: dict[UUID, dict[ConnectionSlot, None]] = {}
        self.acquired = 0

    def acquire(self, user_id: UUID) -> ConnectionSlot:
        """Return a slot for this user. Raises RateLimitExceededError when none is left.

        Of a user's sockets that have not answered a ping for SILENCE_SECONDS, the one silent for
        longest gives way: after a change of network it is dead. If there is none yet, all are
        pinged, and a later call finds those that did not answer.
        """
        if len(self._by_user.get(user_id, ())) >= self._max_per_user:
            self._make_room(user_id)
        if self.acquired >= self._max_in_all:
            raise RateLimitExceededError(
                "Too many sockets are open", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        slot = ConnectionSlot(self, user_id)
        self._by_user.setdefault(user_id, {})[slot] = None
        self.acquired += 1
        return slot

    def discount(self, user_id: UUID, slot: ConnectionSlot) -> None:
        """Count one connection of this user less; for ConnectionSlot only."""
        self.acquired -= 1
        slots = self._by_user[user_id]
        slots.pop(slot, None)
        if not slots:
            del self._by_user[user_id]

    def _make_room(self, user_id: UUID) -> None:
        now = self._clock()
        holders = [slot.holder for slot in self._by_user[user_id] if slot.holder is not None]
        silent = max(holders, key=lambda holder: holder.silent_seconds(now), default=None)
        if silent is not None and silent.silent_seconds(now) >= SILENCE_SECONDS:
            silent.give_way()
            return
        for holder in holders:
            holder.probe(now)
        raise RateLimitExceededError(
            "Too many sockets of this user are open", retry_after_seconds=USER_RETRY_AFTER_SECONDS
        )


class SubscriptionAllowance:
    """How many subscriptions one connection may make: some at once, then so many a second."""

    __slots__ = ("_left", "_seen_at")

    def __init__(self, now: float):
        self._left = float(SUBSCRIPTIONS_AT_ONCE)
        self._seen_at = now

    def take(self, now: float) -> bool:
        """Count one subscription; return False when there were too many. `now` is monotonic."""
        regained = (now - self._seen_at) * SUBSCRIPTIONS_PER_SECOND
        self._left = min(self._left + regained, float(SUBSCRIPTIONS_AT_ONCE))
        self._seen_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
