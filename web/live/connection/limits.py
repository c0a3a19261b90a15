"""How many sockets are open, of each user and in all: a seat is taken before the upgrade."""

from collections import Counter
from uuid import UUID

from domain.errors import RateLimitExceededError
from domain.settings import Settings

RETRY_AFTER_SECONDS = 5


class Seat:
    """One socket's place; freed once, by whoever comes first."""

    __slots__ = ("_seats", "_user_id")

    def __init__(self, seats: "Seats", user_id: UUID):
        self._seats: Seats | None = seats
        self._user_id = user_id

    def free(self) -> None:
        """Give the place back; a second call does nothing."""
        if self._seats is not None:
            self._seats.give_back(self._user_id)
            self._seats = None


class Seats:
    """Counts the open sockets of this process."""

    def __init__(self, settings: Settings):
        self._max_per_user = settings.max_sockets_per_user
        self._max_in_all = settings.max_sockets
        self._by_user: Counter[UUID] = Counter()
        self.taken = 0

    def take(self, user_id: UUID) -> Seat:
        """Return a seat for this user; raises RateLimitExceededError when there is none."""
        if self._by_user[user_id] >= self._max_per_user:
            raise RateLimitExceededError(
                "Too many sockets of this user are open", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        if self.taken >= self._max_in_all:
            raise RateLimitExceededError(
                "Too many sockets are open", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        self._by_user[user_id] += 1
        self.taken += 1
        return Seat(self, user_id)

    def give_back(self, user_id: UUID) -> None:
        """Count one socket of this user less."""
        self.taken -= 1
        self._by_user[user_id] -= 1
        if not self._by_user[user_id]:
            del self._by_user[user_id]
