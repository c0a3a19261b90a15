"""Batching: concurrent requests are committed together, and each waits for its own outcome.

The unit of work is a micro-batch: one transaction and one chain for everything that came together.
Called by `web/routes/actions.py`; `web/app.py` starts and closes it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from uuid import UUID, uuid4

import structlog

from domain.actions.history import judge_repeats, list_results
from domain.actions.intake import accept_actions
from domain.actions.model import Acceptance, ActionResult, NewAction, Submission
from domain.boards.model import BoardId
from domain.errors import DatabaseUnavailableError, OverloadedError
from domain.settings import Settings
from domain.store.store import Store
from web.intake.clients import CallerClient
from web.intake.flush import claim_actions, list_actions, list_request_ids
from web.intake.numbering import ClientNumbering
from web.intake.pending import PendingBatches
from web.intake.pending_request import PendingRequest, RequestState
from web.server.greenlets import run_in_thread
from workers.process.background import BackgroundThread

logger = structlog.get_logger(__name__)

# Rows that may be queued for the flusher; beyond it a 503 now is kinder than a timeout later.
MAX_QUEUED_ACTIONS = 10_000
# Without Redis no request waits for results and no batch is in flight. Flushed one by one, actions
# would then be as many batches, more than the keeper alone can run in time.
LINGER_WITHOUT_REDIS_SECONDS = 0.2
# With nothing to flush the flusher still shows that it is alive.
IDLE_SECONDS = 2.0
UNKNOWN_OUTCOME = "The outcome is not known; repeat the request with the same actionId"


class Batcher:
    """Queues actions, commits them on one thread, and returns each request its submissions.

    A flush happens when nothing is in flight, when the queued rows reach a cap, or after a linger:
    an idle system commits a batch of one at once, and batches grow with the load.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        enqueue_batch: Callable[[UUID], None],
        *,
        board: BoardId,
        is_overdue: Callable[[], bool] = lambda: False,
        observe_batch: Callable[[int], None] = lambda _size: None,
    ):
        self.reply_to = uuid4().hex
        self._board = board
        self.pending = PendingBatches(
            limit=settings.batch_in_flight,
            wait_seconds=settings.result_wait_seconds,
            max_waiting=settings.max_waiters,
            are_replies_expected=lambda: store.redis.usable,
            on_room=self._notify,
        )
        # Essential: without it every action is refused, which a restart may change.
        self.thread = BackgroundThread("flusher", self._flush_next, essential=True)
        self._settings = settings
        self._store = store
        self._enqueue_batch = enqueue_batch
        self._is_overdue = is_overdue
        self._observe_batch = observe_batch
        self._clients = ClientNumbering(store)
        # Guards the queue; notified when it may be time to flush.
        self._queue_changed = threading.Condition()
        self._queue: deque[PendingRequest] = deque()
        self._queued_actions = 0
        self._queued_since = 0.0
        self._closing = False
        self._is_flushing = False

    def start(self) -> None:
        """Start the flusher."""
        self.thread.start()

    def submit(
        self,
        actions: Sequence[NewAction],
        *,
        wait_seconds: float,
        client: CallerClient | None = None,
    ) -> list[Submission]:
        """Commit the actions, of this client, and return one submission for each, in order.

        Waits up to `wait_seconds` for results, not at all while Redis is unusable or too many
        requests wait. Raises DatabaseUnavailableError when the commit failed or its outcome is
        unknown, and OverloadedError when too much is queued or has been queued for too long.
        """
        started = time.monotonic()
        if self._is_overdue():
            raise OverloadedError
        wants_results = wait_seconds > 0 and self._store.redis.usable
        request = self.pending.open_request(actions, wants_results=wants_results, client=client)
        try:
            self._enqueue(request)
            self._wait(request, started, wait_seconds)
        finally:
            self.pending.stop_waiting(request)
        if request.error is not None:
            raise request.error
        if request.state is RequestState.TIMED_OUT:
            # The actions are durable in any case; without the store they are `pending`.
            with suppress(DatabaseUnavailableError):
                run_in_thread(partial(request.look_up_results, self._look_up))
        return self._list_submissions(request)

    def stop(self) -> None:
        """Commit what is queued, wait for its replies as long as a request would, and stop."""
        with self._queue_changed:
            self._closing = True
            self._queue_changed.notify_all()
            self._queue_changed.wait_for(
                lambda: not self._queue and not self._is_flushing,
                self._settings.commit_wait_seconds,
            )
        self.thread.stop(0.1)
        self.pending.drain(self._settings.result_wait_seconds)

    def _notify(self) -> None:
        with self._queue_changed:
            self._queue_changed.notify_all()

    def _enqueue(self, request: PendingRequest) -> None:
        with self._queue_changed:
            if self._closing or self._queued_actions + len(request.actions) > MAX_QUEUED_ACTIONS:
                raise OverloadedError
            if not self._queue:
                self._queued_since = time.monotonic()
            self._queue.append(request)
            self._queued_actions += len(request.actions)
            if len(self._queue) == 1 or self._queued_actions >= self._settings.batch_max_actions:
                self._queue_changed.notify_all()

    def _wait(self, request: PendingRequest, started: float, wait_seconds: float) -> None:
        """Wait for all results, and beyond the limit of the commit only for what is committed."""
        commit_by = started + self._settings.commit_wait_seconds
        if request.is_waiting:
            result_by = started + wait_seconds
            if request.done.wait(_seconds_until(min(commit_by, result_by))):
                return
            if request.is_committed and request.done.wait(_seconds_until(result_by)):
                return
            self.pending.stop_waiting(request)
            if request.is_committed:
                return
        if not request.done.wait(_seconds_until(commit_by)):
            raise DatabaseUnavailableError(UNKNOWN_OUTCOME)

    def _list_submissions(self, request: PendingRequest) -> list[Submission]:
        if len(request.accepted) == len(request.actions):
            return [request.submission_of(index) for index in range(len(request.actions))]
        submissions: dict[int, Submission] = {}
        for index, action in enumerate(request.actions):
            action_id = action.action_id
            if index in request.accepted:
                submissions[index] = request.submission_of(index)
            elif action_id in request.unstorable:
                submissions[index] = Submission(action_id, Acceptance.UNSTORABLE)
            elif action_id in request.locked:
                submissions[index] = Submission(action_id, Acceptance.LOCKED)
        repeats = [index for index in range(len(request.actions)) if index not in submissions]
        if repeats:
            actions = [request.actions[index] for index in repeats]
            judged = run_in_thread(
                partial(judge_repeats, self._store, board=self._board, actions=actions)
            )
            submissions.update(zip(repeats, judged, strict=True))
        return [submissions[index] for index in range(len(request.actions))]

    def _look_up(self, action_ids: Sequence[UUID]) -> dict[UUID, ActionResult]:
        return list_results(self._store, board=self._board, action_ids=action_ids)

    def _flush_next(self) -> None:
        """Flush once, or return after IDLE_SECONDS without work: one step of the flusher."""
        requests = self._dequeue()
        if not requests:
            return
        try:
            self._flush(requests)
        except DatabaseUnavailableError as error:
            # An outage fails the requests; it says nothing about the flusher.
            self.pending.fail(requests, error)
        except Exception as error:
            self.pending.fail(requests, error)
            raise
        finally:
            with self._queue_changed:
                self._is_flushing = False
                self._queue_changed.notify_all()

    def _dequeue(self) -> list[PendingRequest]:
        """Wait for the moment to flush and return what to flush; nothing when idle."""
        with self._queue_changed:
            self._queue_changed.wait_for(lambda: self._queue or self._closing, IDLE_SECONDS)
            while self._queue and (pause_seconds := self._pause_seconds()) > 0:
                self._queue_changed.wait(pause_seconds)
            requests, rows = [], 0
            while self._queue and rows < self._settings.batch_max_actions:
                request = self._queue.popleft()
                rows += len(request.actions)
                requests.append(request)
            self._queued_actions -= rows
            self._queued_since = time.monotonic()
            self._is_flushing = bool(requests)
            return requests

    def _pause_seconds(self) -> float:
        """Return how long to wait before flushing the queue; 0.0 or less for now."""
        if self._closing:
            return 0.0
        if not self._store.redis.usable:
            return self._seconds_until_full(LINGER_WITHOUT_REDIS_SECONDS)
        if not self.pending.count_in_flight():
            return 0.0
        if (seconds := self.pending.seconds_until_room()) > 0:
            return seconds
        return self._seconds_until_full(self._settings.batch_linger_ms / 1000)

    def _seconds_until_full(self, linger_seconds: float) -> float:
        if self._queued_actions >= self._settings.batch_max_actions:
            return 0.0
        return self._queued_since + linger_seconds - time.monotonic()

    def _flush(self, requests: Sequence[PendingRequest]) -> None:
        claims = claim_actions(requests)
        self._clients.number(request.client for request in requests)
        outcome = accept_actions(self._store, actions=list_actions(claims), reply_to=self.reply_to)
        is_expected = self.pending.record_commit(requests, claims, outcome)
        for batch in outcome.batches:
            self._observe_batch(len(batch.action_ids))
            logger.info(
                "batch accepted",
                batch_id=str(batch.batch_id),
                request_ids=list_request_ids(claims, batch.action_ids),
            )
            if is_expected:
                self._enqueue_batch(batch.batch_id)


def _seconds_until(moment: float) -> float:
    return max(moment - time.monotonic(), 0.0)
