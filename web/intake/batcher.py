"""Batching: concurrent requests are committed together, and each waits for its own outcome.

The unit of work is a micro-batch: one transaction and one chain for all that came in together.
Called by `web/routes/actions.py`; replies come in through `web/server/subscriber.py`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from uuid import UUID, uuid4

import structlog

from domain.actions.history import judge_repeats, list_results
from domain.actions.intake import IntakeOutcome, accept_actions
from domain.actions.model import Acceptance, ActionResult, NewAction, Status, Submission
from domain.errors import DatabaseUnavailableError, OverloadedError
from domain.settings import Settings
from domain.store.store import Store
from web.intake.flights import Flights
from web.intake.waiting import Waiter
from web.server.greenlets import run_blocking

logger = structlog.get_logger(__name__)

# Rows that may stand before the flusher; beyond it a 503 now is kinder than a timeout later.
MAX_QUEUED_ACTIONS = 10_000
# Without Redis nobody waits for results and no batch is in flight. Flushed one by one, actions
# would then be as many batches, more than the keeper alone can bring on in time.
LINGER_WITHOUT_REDIS_SECONDS = 0.2
UNKNOWN_OUTCOME = "The outcome is not known; repeat the request with the same actionId"

Claims = dict[UUID, tuple[Waiter, int]]


class Batcher:
    """Gathers actions, commits them by one thread, and hands every reply to who waits for it.

    A flush happens when nothing is in flight, when the rows reach a cap, or after a linger; so an
    idle system handles a batch of one at once, and batches grow with the load by themselves.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        submit: Callable[[UUID], None],
        *,
        is_overdue: Callable[[], bool] = lambda: False,
        observe_batch: Callable[[int], None] = lambda _size: None,
    ):
        self.reply_to = uuid4().hex
        self.flights = Flights(
            limit=settings.batch_in_flight, wait_seconds=settings.result_wait_seconds
        )
        self._settings = settings
        self._store = store
        self._submit = submit
        self._is_overdue = is_overdue
        self._observe_batch = observe_batch
        self._changed = self.flights.changed
        self._queue: deque[Waiter] = deque()
        self._queued_actions = 0
        self._queued_since = 0.0
        self._waiting = 0
        self._counting = threading.Lock()
        self._closing = False
        self._flusher = threading.Thread(target=self._run, name="flusher", daemon=True)
        self._flusher.start()

    def submit(self, actions: Sequence[NewAction], *, wait_seconds: float) -> list[Submission]:
        """Commit the actions and return one submission for each, in order.

        Waits up to `wait_seconds` for results, not at all while Redis is unusable or too many
        wait. Raises DatabaseUnavailableError when the commit failed or its outcome is unknown, and
        OverloadedError when too much is queued or queued for too long.
        """
        started = time.monotonic()
        if self._is_overdue():
            raise OverloadedError
        has_room = self._waiting < self._settings.max_waiters and self._store.redis.usable
        waiter = Waiter(actions, wants_results=wait_seconds > 0 and has_room)
        is_patient = waiter.wants_results
        self._enqueue(waiter)
        self._wait(waiter, started, wait_seconds)
        if waiter.error is not None:
            raise waiter.error
        if is_patient and not waiter.is_complete and not waiter.given_up:
            # The actions are durable, whatever the store says now: without it they are `pending`.
            with suppress(DatabaseUnavailableError):
                run_blocking(partial(waiter.catch_up, partial(_look_up, self._store)))
        # Who asked not to wait is answered alike, whether a reply was quicker or not.
        return self._tell(waiter, waiter.results if is_patient else {})

    def close(self) -> None:
        """Commit what is queued, wait for its replies as long as a request would, and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._flusher.join(timeout=self._settings.commit_wait_seconds)
        self.flights.drain(self._settings.result_wait_seconds)

    def _enqueue(self, waiter: Waiter) -> None:
        with self._changed:
            if self._closing or self._queued_actions + len(waiter.actions) > MAX_QUEUED_ACTIONS:
                raise OverloadedError
            if not self._queue:
                self._queued_since = time.monotonic()
            self._queue.append(waiter)
            self._queued_actions += len(waiter.actions)
            if len(self._queue) == 1 or self._queued_actions >= self._settings.batch_max_actions:
                self._changed.notify_all()

    def _wait(self, waiter: Waiter, started: float, wait_seconds: float) -> None:
        commit_by = started + self._settings.commit_wait_seconds
        if waiter.wants_results:
            self._count_waiting(1)
            try:
                if _await_results(waiter, commit_by=commit_by, result_by=started + wait_seconds):
                    return
            finally:
                self._count_waiting(-1)
            # In this order: the flusher says `committed` first and then looks who wants more.
            waiter.wants_results = False
            if waiter.committed:
                return
        if not waiter.done.wait(_seconds_until(commit_by)):
            raise DatabaseUnavailableError(UNKNOWN_OUTCOME)

    def _count_waiting(self, step: int) -> None:
        with self._counting:
            self._waiting += step

    def _tell(self, waiter: Waiter, results: Mapping[UUID, ActionResult]) -> list[Submission]:
        told: dict[int, Submission] = {}
        for place, action in enumerate(waiter.actions):
            name = action.action_id
            if place in waiter.accepted:
                result = results.get(name) or ActionResult(name, Status.PENDING)
                told[place] = Submission(name, Acceptance.ACCEPTED, result)
            elif name in waiter.unstorable:
                told[place] = Submission(name, Acceptance.UNSTORABLE)
        repeats = [place for place in range(len(waiter.actions)) if place not in told]
        if repeats:
            actions = [waiter.actions[place] for place in repeats]
            judged = run_blocking(partial(judge_repeats, self._store, actions=actions))
            told.update(zip(repeats, judged, strict=True))
        return [told[place] for place in range(len(waiter.actions))]

    def _run(self) -> None:
        while waiters := self._take():
            try:
                self._flush(waiters)
            except Exception as error:  # one flush must not end all
                if not isinstance(error, DatabaseUnavailableError):
                    logger.exception("flush failed")
                for waiter in waiters:
                    waiter.fail(error)

    def _take(self) -> list[Waiter]:
        """Wait for the moment to flush and return whose turn it is; nobody once closed."""
        with self._changed:
            while (pause_seconds := self._pause_seconds()) > 0:
                self._changed.wait(pause_seconds)
            waiters, rows = [], 0
            while self._queue and rows < self._settings.batch_max_actions:
                waiter = self._queue.popleft()
                rows += len(waiter.actions)
                waiters.append(waiter)
            self._queued_actions -= rows
            self._queued_since = time.monotonic()
            return waiters

    def _pause_seconds(self) -> float:
        if not self._queue:
            return 0.0 if self._closing else 60.0
        if self._closing:
            return 0.0
        if not self._store.redis.usable:
            return self._seconds_to_full(LINGER_WITHOUT_REDIS_SECONDS)
        if not self.flights.count():
            return 0.0
        if (seconds := self.flights.seconds_to_room()) > 0:
            return seconds
        return self._seconds_to_full(self._settings.batch_linger_ms / 1000)

    def _seconds_to_full(self, linger_seconds: float) -> float:
        if self._queued_actions >= self._settings.batch_max_actions:
            return 0.0
        return self._queued_since + linger_seconds - time.monotonic()

    def _flush(self, waiters: Sequence[Waiter]) -> None:
        claims: Claims = {}
        for waiter in waiters:
            for place, action in enumerate(waiter.actions):
                claims.setdefault(action.action_id, (waiter, place))
        actions = [waiter.actions[place] for waiter, place in claims.values()]
        outcome = accept_actions(self._store, actions=actions, reply_to=self.reply_to)
        self._depart(claims, outcome)
        expects_replies = self._store.redis.usable
        for waiter in waiters:
            waiter.unstorable = outcome.unstorable
            waiter.commit(is_last_word=not expects_replies)
        for batch in outcome.batches:
            self._observe_batch(len(batch.action_ids))
            logger.info(
                "batch accepted",
                batch_id=str(batch.batch_id),
                request_ids=_list_request_ids(claims, batch.action_ids),
            )
            if expects_replies:
                self._submit(batch.batch_id)
            else:
                self.flights.abandon(batch.batch_id)

    def _depart(self, claims: Claims, outcome: IntakeOutcome) -> None:
        for batch in outcome.batches:
            owners = {action_id: claims[action_id] for action_id in batch.action_ids}
            flight = self.flights.depart(
                batch.batch_id, {action_id: waiter for action_id, (waiter, _) in owners.items()}
            )
            for waiter, place in owners.values():
                waiter.accepted.add(place)
                if flight not in waiter.flights:
                    waiter.flights.append(flight)


def _await_results(waiter: Waiter, *, commit_by: float, result_by: float) -> bool:
    """Wait for all results, and beyond `commit_by` only for what is committed by then."""
    if waiter.done.wait(_seconds_until(min(commit_by, result_by))):
        return True
    return waiter.committed and waiter.done.wait(_seconds_until(result_by))


def _list_request_ids(claims: Claims, action_ids: Iterable[UUID]) -> list[str]:
    owners = (claims[action_id] for action_id in action_ids)
    return sorted({waiter.actions[place].request_id for waiter, place in owners})


def _seconds_until(moment: float) -> float:
    return max(moment - time.monotonic(), 0.0)


def _look_up(store: Store, action_ids: Sequence[UUID]) -> dict[UUID, ActionResult]:
    return list_results(store, action_ids=action_ids)
