"""The batches between commit and reply, and the requests that wait for them.

One object per API process: the batcher opens requests and records commits, the subscriber brings
replies, the Redis watchdog gives replies up.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from domain.actions.intake import AcceptedBatch, IntakeOutcome
from domain.actions.model import ActionResult, NewAction
from domain.actions.replies import Reply, parse_replies
from web.http.prefer import MAX_WAIT_SECONDS
from web.intake.clients import CallerClient
from web.intake.pending_request import Claims, PendingBatch, PendingRequest, RequestState
from web.server.greenlets import make_event, set_all

OnResults = Callable[[UUID, Iterable[Reply]], None]


class PendingBatches:
    """Owns the state of all pending requests and batches; its lock guards every change of it.

    At most `limit` batches are in flight. A batch holds its slot until its reply comes or for
    `wait_seconds`; after that it is late: its reply is still taken, for requests that wait longer.
    `on_room` is called, without the lock, whenever a slot comes free before its time.
    `are_replies_expected` is asked at every commit, with the lock held, and must be quick.
    `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        *,
        limit: int,
        wait_seconds: float,
        max_waiting: int,
        are_replies_expected: Callable[[], bool],
        on_room: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._limit = limit
        self._wait_seconds = wait_seconds
        self._max_waiting = max_waiting
        self._are_replies_expected = are_replies_expected
        self._on_room = on_room
        self._notify_results: OnResults = lambda _batch_id, _results: None
        self._clock = clock
        self._lock = threading.Lock()
        self._slot_freed = threading.Condition(self._lock)
        self._in_flight: dict[UUID, PendingBatch] = {}
        self._late: dict[UUID, PendingBatch] = {}
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many requests wait for results."""
        return self._waiting

    @property
    def expects_replies(self) -> bool:
        """Whether a reply may still come; reads without the lock, so a moment old."""
        return bool(self._in_flight or self._late)

    def on_results(self, notify: OnResults) -> None:
        """Call `notify` with the results of every reply, before its requests are released."""
        self._notify_results = notify

    def count_in_flight(self) -> int:
        """Return how many batches hold a slot."""
        with self._lock:
            self._retire(self._clock())
            return len(self._in_flight)

    def seconds_until_room(self) -> float:
        """Return when a slot comes free at the latest; 0.0 when one is."""
        with self._lock:
            now = self._clock()
            self._retire(now)
            if len(self._in_flight) < self._limit:
                return 0.0
            return min(batch.deadline for batch in self._in_flight.values()) - now

    def open_request(
        self,
        actions: Sequence[NewAction],
        *,
        wants_results: bool,
        client: CallerClient | None = None,
    ) -> PendingRequest:
        """Return a new request in QUEUED; when too many wait, it does not wait for results."""
        done = make_event()
        if wants_results:
            with self._lock:
                wants_results = self._waiting < self._max_waiting
                self._waiting += wants_results
        return PendingRequest(actions, done, wants_results, is_waiting=wants_results, client=client)

    def stop_waiting(self, request: PendingRequest) -> None:
        """End the request's wait for results; call it from the request's own thread.

        QUEUED becomes OVERDUE and COMMITTED becomes TIMED_OUT: no reply changes it any more.
        """
        if not request.is_waiting:
            return
        with self._lock:
            request.is_waiting = False
            self._waiting -= 1
            if request.state is RequestState.QUEUED:
                request.state = RequestState.OVERDUE
            elif request.state is RequestState.COMMITTED:
                request.state = RequestState.TIMED_OUT

    def record_commit(
        self, requests: Iterable[PendingRequest], claims: Claims, outcome: IntakeOutcome
    ) -> bool:
        """Record that a flush is durable, and return whether replies are expected.

        If they are, its batches take slots; if not, the commit is the last that the requests hear.
        """
        released: list[PendingRequest] = []
        with self._lock:
            # Asked with the lock held: if Redis is lost later, `give_up_all` finds these batches.
            is_expected = self._are_replies_expected()
            for accepted in outcome.batches:
                self._add(accepted, claims, is_expected)
            for request in requests:
                request.unstorable, request.locked = outcome.unstorable, outcome.locked
                request.state = _state_after_commit(request, is_expected)
                if request.state is not RequestState.COMMITTED:
                    released.append(request)
        _release(released)
        return is_expected

    def fail(self, requests: Iterable[PendingRequest], error: Exception) -> None:
        """Release the requests of a flush that are not committed; each raises `error`."""
        released: list[PendingRequest] = []
        with self._lock:
            for request in requests:
                if request.state in (RequestState.QUEUED, RequestState.OVERDUE):
                    request.error = error
                    request.state = RequestState.FAILED
                    released.append(request)
        _release(released)

    def receive_replies(self, raw: str) -> None:
        """Apply a batch's reply from the bus: the handler of this process's reply channel."""
        batch_id, replies = parse_replies(raw)
        self._notify_results(batch_id, replies.values())
        released: list[PendingRequest] = []
        with self._lock:
            batch = self._remove(batch_id)
            for number, (request, index) in batch.owners.items() if batch else ():
                reply = replies.get(number)
                if reply is None or request.state is not RequestState.COMMITTED:
                    continue
                action_id = request.actions[index].action_id
                request.results[index] = ActionResult(action_id, *reply)
                if request.is_complete:
                    request.state = RequestState.RESOLVED
                    released.append(request)
        if batch is not None:
            self._on_room()
        _release(released)

    def give_up(self, batch_id: UUID) -> None:
        """Free the slot of a batch whose reply will not come, and release its requests."""
        with self._lock:
            batch = self._remove(batch_id)
            released = _abandon(() if batch is None else (batch,))
        self._on_room()
        _release(released)

    def give_up_all(self) -> None:
        """Free every slot and release every request that waits for a reply."""
        with self._lock:
            released = _abandon((*self._in_flight.values(), *self._late.values()))
            self._in_flight.clear()
            self._late.clear()
            self._slot_freed.notify_all()
        self._on_room()
        _release(released)

    def drain(self, timeout_seconds: float) -> None:
        """Wait until no batch is in flight, at most `timeout_seconds`."""
        with self._lock:
            self._slot_freed.wait_for(lambda: not self._in_flight, timeout_seconds)

    def _add(self, accepted: AcceptedBatch, claims: Claims, is_expected: bool) -> None:
        owners = {action_id.int: claims[action_id] for action_id in accepted.action_ids}
        batch = PendingBatch(owners, deadline=self._clock() + self._wait_seconds)
        if is_expected:
            self._in_flight[accepted.batch_id] = batch
        for request, index in owners.values():
            request.accepted.add(index)
            if not request.batches or request.batches[-1] is not batch:
                request.batches.append(batch)

    def _remove(self, batch_id: UUID) -> PendingBatch | None:
        batch = self._in_flight.pop(batch_id, None) or self._late.pop(batch_id, None)
        self._slot_freed.notify_all()
        return batch

    def _retire(self, now: float) -> None:
        overdue = [key for key, batch in self._in_flight.items() if batch.deadline <= now]
        for batch_id in overdue:
            self._late[batch_id] = self._in_flight.pop(batch_id)
        forgotten = now - MAX_WAIT_SECONDS
        for batch_id in [key for key, late in self._late.items() if late.deadline < forgotten]:
            del self._late[batch_id]


def _state_after_commit(request: PendingRequest, is_expected: bool) -> RequestState:
    if request.state is RequestState.OVERDUE:
        return RequestState.TIMED_OUT
    if not is_expected:
        return RequestState.ABANDONED
    # Nothing is outstanding for a request whose actions were all in use before.
    if not request.wants_results or request.is_complete:
        return RequestState.RESOLVED
    return RequestState.COMMITTED


def _abandon(batches: Iterable[PendingBatch]) -> list[PendingRequest]:
    """Move the committed requests of the batches to ABANDONED and return them."""
    abandoned = []
    for batch in batches:
        for request, _ in batch.owners.values():
            if request.state is RequestState.COMMITTED:
                request.state = RequestState.ABANDONED
                abandoned.append(request)
    return abandoned


def _release(requests: Iterable[PendingRequest]) -> None:
    """Wake the requests; without the lock, which each of them takes next."""
    set_all(request.done for request in requests)
