"""The connection limit: how many sockets may be open, of each user and in all.

`app.py` acquires a slot before the upgrade; the session, or the end of the request, releases it.
"""

from collections import Counter
from uuid import UUID

from domain.errors import RateLimitExceededError
from domain.settings import Settings

RETRY_AFTER_SECONDS = 5


class ConnectionSlot:
    """One connection's share of the limit."""

    __slots__ = ("_limit", "_user_id")

    def __init__(self, limit: "ConnectionLimit", user_id: UUID):
        self._limit: ConnectionLimit | None = limit
        self._user_id = user_id

    def release(self) -> None:
        """Give the slot back; releasing it again changes nothing."""
        if self._limit is not None:
            limit, self._limit = self._limit, None
            limit.discount(self._user_id)


class ConnectionLimit:
    """Counts the open connections of this process; belongs to one event loop."""

    def __init__(self, settings: Settings):
        self._max_per_user = settings.max_sockets_per_user
        self._max_in_all = settings.max_sockets
        self._by_user: Counter[UUID] = Counter()
        self.acquired = 0

    def acquire(self, user_id: UUID) -> ConnectionSlot:
        """Return a slot for this user. Raises RateLimitExceededError when none is left."""
        if self._by_user[user_id] >= self._max_per_user:
            raise RateLimitExceededError(
                "Too many sockets of this user are open", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        if self.acquired >= self._max_in_all:
            raise RateLimitExceededError(
                "Too many sockets are open", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        self._by_user[user_id] += 1
        self.acquired += 1
        return ConnectionSlot(self, user_id)

    def discount(self, user_id: UUID) -> None:
        """Count one connection of this user less; for ConnectionSlot only."""
        self.acquired -= 1
        self._by_user[user_id] -= 1
        if not self._by_user[user_id]:
            del self._by_user[user_id]
