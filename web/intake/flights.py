"""The batches in flight: how many there may be, and the replies that land them."""

import threading
import time
from collections.abc import Iterable
from uuid import UUID

from domain.actions.replies import parse_replies
from web.http.prefer import MAX_WAIT_SECONDS
from web.intake.waiting import Flight, Waiter


class Flights:
    """Counts batches between commit and reply; one whose wait is over no longer counts.

    It is still heard of, by requests that asked to wait longer. `changed` is the lock of it all,
    and notified when a slot comes free.
    """

    def __init__(self, *, limit: int, wait_seconds: float):
        self.changed = threading.Condition()
        self._limit = limit
        self._wait_seconds = wait_seconds
        self._flights: dict[UUID, Flight] = {}
        self._late: dict[UUID, Flight] = {}

    def count(self) -> int:
        """Return how many hold a slot; call with `changed` held."""
        self._retire(time.monotonic())
        return len(self._flights)

    def seconds_to_room(self) -> float:
        """Return when a slot comes free at the latest, 0.0 if one is; call with `changed` held."""
        now = time.monotonic()
        self._retire(now)
        if len(self._flights) < self._limit:
            return 0.0
        return min(flight.deadline for flight in self._flights.values()) - now

    def depart(self, batch_id: UUID, waiters: dict[UUID, Waiter]) -> Flight:
        """Take a slot for a committed batch, before anybody can reply to it."""
        flight = Flight(waiters, deadline=time.monotonic() + self._wait_seconds)
        with self.changed:
            self._flights[batch_id] = flight
        return flight

    def abandon(self, batch_id: UUID) -> None:
        """Free the slot of a batch whose reply cannot be expected."""
        with self.changed:
            self._flights.pop(batch_id, None)
            self.changed.notify_all()

    @property
    def are_awaited(self) -> bool:
        """Whether somebody may be waiting for a reply; a look without the lock."""
        return bool(self._flights or self._late)

    def give_up(self, batch_id: UUID) -> None:
        """Release who waits for a batch whose reply will not come, and free its slot."""
        with self.changed:
            given_up = [self._flights.pop(batch_id, None), self._late.pop(batch_id, None)]
            self.changed.notify_all()
        _release(flight for flight in given_up if flight is not None)

    def give_up_all(self) -> None:
        """Release everybody who waits for a reply, and free all slots."""
        with self.changed:
            given_up = [*self._flights.values(), *self._late.values()]
            self._flights.clear()
            self._late.clear()
            self.changed.notify_all()
        _release(given_up)

    def land(self, raw: str) -> None:
        """Take a batch's reply off the bus and release who waits for it."""
        batch_id, results = parse_replies(raw)
        with self.changed:
            flight = self._flights.pop(batch_id, None) or self._late.pop(batch_id, None)
            self.changed.notify_all()
        if flight is None:
            return
        for action_id, waiter in flight.waiters.items():
            result = results.get(action_id)
            if result is not None:
                waiter.hear(result)

    def drain(self, timeout_seconds: float) -> None:
        """Wait until all have landed, so long at most."""
        deadline = time.monotonic() + timeout_seconds
        with self.changed:
            while self._flights and (left := deadline - time.monotonic()) > 0:
                self.changed.wait(left)

    def _retire(self, now: float) -> None:
        for batch_id in [key for key, flight in self._flights.items() if flight.deadline <= now]:
            self._late[batch_id] = self._flights.pop(batch_id)
        forgotten = now - MAX_WAIT_SECONDS
        for batch_id in [key for key, late in self._late.items() if late.deadline < forgotten]:
            del self._late[batch_id]


def _release(flights: Iterable[Flight]) -> None:
    for flight in flights:
        for waiter in flight.waiters.values():
            waiter.give_up()
