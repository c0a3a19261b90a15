"""The states of pending requests and batches, and the races between commit, reply and time limit.

The clock is passed in and nothing sleeps.
"""

import threading
from collections.abc import Sequence
from uuid import UUID, uuid4

import orjson
import pytest

from domain.actions.intake import AcceptedBatch, IntakeOutcome
from domain.actions.model import ActionResult, NewAction, Status
from domain.errors import DatabaseUnavailableError
from tests.factories import make_action
from tests.waiting import wait_until
from web.http.prefer import MAX_WAIT_SECONDS
from web.intake.pending import PendingBatches
from web.intake.pending_request import PendingRequest, RequestState

SLOT_SECONDS = 2.0
LONG_SECONDS = 20.0


class Intake:
    """Pending batches under a clock and a Redis that the test commands."""

    def __init__(self, *, limit: int = 2, max_waiting: int = 10):
        self.now = 1000.0
        self.is_redis_usable = True
        self.rooms = 0
        self.pending = PendingBatches(
            limit=limit,
            wait_seconds=SLOT_SECONDS,
            max_waiting=max_waiting,
            are_replies_expected=lambda: self.is_redis_usable,
            on_room=self._count_room,
            clock=lambda: self.now,
        )

    def open(self, *actions: NewAction, wants_results: bool = True) -> PendingRequest:
        """Open a request with these actions, by default a new one."""
        return self.pending.open_request(actions or (make_action(),), wants_results=wants_results)

    def commit(self, *requests: PendingRequest, accepted: Sequence[UUID] | None = None) -> UUID:
        """Record the commit of one batch with all actions, or only the accepted ones."""
        claims: dict[UUID, tuple[PendingRequest, int]] = {}
        for request in requests:
            for index, action in enumerate(request.actions):
                claims.setdefault(action.action_id, (request, index))
        batch = AcceptedBatch(uuid4(), frozenset(claims if accepted is None else accepted))
        batches = (batch,) if batch.action_ids else ()
        self.pending.record_commit(requests, claims, IntakeOutcome(batches))
        return batch.batch_id

    def reply(self, batch_id: UUID, *requests: PendingRequest) -> None:
        """Receive the results of these requests' actions."""
        names = {action.action_id for request in requests for action in request.actions}
        rows = [[name, Status.APPLIED, None, 0, 100, 1] for name in names]
        self.pending.receive_replies(orjson.dumps([batch_id, rows]).decode())

    def _count_room(self) -> None:
        assert not self.pending._lock.locked(), "the batcher takes its own lock in here"
        self.rooms += 1


def is_released(request: PendingRequest) -> bool:
    return request.done.wait(0)


def applied(action_ids: Sequence[UUID]) -> dict[UUID, ActionResult]:
    return {name: ActionResult(name, Status.APPLIED) for name in action_ids}


def test_a_request_is_released_by_its_reply() -> None:
    intake = Intake()
    request = intake.open()
    assert (request.state, request.is_committed) == (RequestState.QUEUED, False)
    batch_id = intake.commit(request)
    assert (request.state, request.is_committed) == (RequestState.COMMITTED, True)
    assert not is_released(request)
    intake.reply(batch_id, request)
    assert request.state is RequestState.RESOLVED
    assert is_released(request)
    assert request.results.keys() == {0}


def test_a_request_in_two_batches_waits_for_both_replies() -> None:
    intake = Intake()
    request = intake.open(make_action(), make_action())
    names = [action.action_id for action in request.actions]
    batches = tuple(AcceptedBatch(uuid4(), frozenset({name})) for name in names)
    claims = {name: (request, index) for index, name in enumerate(names)}
    intake.pending.record_commit([request], claims, IntakeOutcome(batches))
    intake.reply(batches[0].batch_id, request)
    assert not is_released(request)
    intake.reply(batches[1].batch_id, request)
    assert is_released(request)


def test_a_request_without_accepted_actions_is_resolved_by_its_commit() -> None:
    intake = Intake()
    request = intake.open()
    intake.commit(request, accepted=[])
    assert request.state is RequestState.RESOLVED
    assert is_released(request)


def test_a_request_that_wants_no_results_has_none_however_quick_the_reply() -> None:
    intake = Intake()
    hasty = intake.open(wants_results=False)
    batch_id = intake.commit(hasty)
    assert hasty.state is RequestState.RESOLVED
    assert is_released(hasty)
    intake.reply(batch_id, hasty)
    assert hasty.results == {}


def test_only_the_first_of_two_equal_actions_is_accepted() -> None:
    intake = Intake()
    action = make_action()
    first, second = intake.open(action), intake.open(action)
    batch_id = intake.commit(first, second)
    assert (first.accepted, second.accepted) == ({0}, set())
    assert (first.state, second.state) == (RequestState.COMMITTED, RequestState.RESOLVED)
    intake.reply(batch_id, first)
    assert second.results == {}


def test_a_failed_flush_releases_its_requests_with_the_error() -> None:
    intake = Intake()
    queued, overdue, committed = intake.open(), intake.open(), intake.open()
    intake.pending.stop_waiting(overdue)
    intake.commit(committed)
    error = DatabaseUnavailableError()
    intake.pending.fail([queued, overdue, committed], error)
    for request in (queued, overdue):
        assert (request.state, request.error) == (RequestState.FAILED, error)
        assert (request.is_committed, is_released(request)) == (False, True)
    assert committed.state is RequestState.COMMITTED, "durable actions are not failed"
    assert committed.error is None


def test_a_request_whose_time_is_over_before_the_commit_waits_for_the_commit_alone() -> None:
    intake = Intake()
    request = intake.open()
    intake.pending.stop_waiting(request)
    assert request.state is RequestState.OVERDUE
    assert not is_released(request)
    intake.commit(request)
    assert request.state is RequestState.TIMED_OUT
    assert is_released(request)


def test_a_commit_just_before_the_time_is_over_counts_as_committed() -> None:
    intake = Intake()
    request = intake.open()
    intake.commit(request)
    assert not is_released(request)
    intake.pending.stop_waiting(request)
    assert (request.state, request.is_committed) == (RequestState.TIMED_OUT, True)


def test_a_commit_and_the_end_of_the_wait_at_the_same_moment_lose_no_request() -> None:
    for _ in range(300):
        intake = Intake()
        request = intake.open()
        committing = threading.Thread(target=intake.commit, args=(request,))
        committing.start()
        intake.pending.stop_waiting(request)
        if not request.is_committed:
            assert request.done.wait(LONG_SECONDS), "its commit releases it"
        committing.join()
        assert request.state is RequestState.TIMED_OUT


def test_a_reply_before_the_commit_is_recorded_leaves_the_result_to_a_look_up() -> None:
    intake = Intake()
    request = intake.open()
    name = request.actions[0].action_id
    batch_id = uuid4()
    intake.reply(batch_id, request)
    assert (request.state, request.results) == (RequestState.QUEUED, {})
    outcome = IntakeOutcome((AcceptedBatch(batch_id, frozenset({name})),))
    intake.pending.record_commit([request], {name: (request, 0)}, outcome)
    assert request.state is RequestState.COMMITTED
    intake.pending.stop_waiting(request)
    request.look_up_results(applied)
    assert request.results.keys() == {0}


def test_a_reply_after_the_wait_is_over_does_not_change_what_the_request_reads() -> None:
    intake = Intake()
    request = intake.open()
    batch_id = intake.commit(request)
    intake.pending.stop_waiting(request)
    intake.reply(batch_id, request)
    assert (request.state, request.results) == (RequestState.TIMED_OUT, {})


def test_giving_up_releases_what_is_committed_and_nothing_else() -> None:
    intake = Intake()
    queued, first, second = intake.open(), intake.open(), intake.open()
    batch_id = intake.commit(first)
    intake.commit(second)
    intake.pending.give_up(batch_id)
    assert (first.state, is_released(first)) == (RequestState.ABANDONED, True)
    assert not is_released(second)
    intake.pending.give_up_all()
    assert (second.state, is_released(second)) == (RequestState.ABANDONED, True)
    assert (queued.state, is_released(queued)) == (RequestState.QUEUED, False)
    assert not intake.pending.expects_replies


def test_giving_up_changes_no_request_that_stopped_waiting_or_has_its_result() -> None:
    intake = Intake()
    late, resolved, patient = intake.open(), intake.open(), intake.open()
    batch_id = uuid4()
    claims = {each.actions[0].action_id: (each, 0) for each in (late, resolved, patient)}
    outcome = IntakeOutcome((AcceptedBatch(batch_id, frozenset(claims)),))
    intake.pending.stop_waiting(late)
    resolved.wants_results = False
    intake.pending.record_commit([late, resolved, patient], claims, outcome)
    intake.pending.give_up(batch_id)
    assert [each.state for each in (late, resolved, patient)] == [
        RequestState.TIMED_OUT,
        RequestState.RESOLVED,
        RequestState.ABANDONED,
    ]


def test_with_redis_lost_the_commit_is_the_last_word() -> None:
    intake = Intake(limit=1)
    request, overdue = intake.open(), intake.open()
    intake.pending.stop_waiting(overdue)
    intake.is_redis_usable = False
    intake.commit(request, overdue)
    assert (request.state, is_released(request)) == (RequestState.ABANDONED, True)
    assert (overdue.state, is_released(overdue)) == (RequestState.TIMED_OUT, True)
    assert intake.pending.count_in_flight() == 0
    assert intake.pending.seconds_until_room() == 0.0


@pytest.mark.parametrize("by_id", [False, True])
def test_replies_given_up_while_a_commit_is_recorded_release_its_requests(by_id: bool) -> None:
    batch_id = uuid4()
    started: list[threading.Thread] = []

    def is_usable() -> bool:
        """Answer yes, and lose Redis in the next moment."""
        give_up = pending.give_up if by_id else lambda _: pending.give_up_all()
        started.append(threading.Thread(target=give_up, args=(batch_id,)))
        started[0].start()
        started[0].join(0.05)
        return True

    pending = PendingBatches(
        limit=1, wait_seconds=SLOT_SECONDS, max_waiting=10, are_replies_expected=is_usable
    )
    request = pending.open_request([make_action()], wants_results=True)
    name = request.actions[0].action_id
    outcome = IntakeOutcome((AcceptedBatch(batch_id, frozenset({name})),))
    pending.record_commit([request], {name: (request, 0)}, outcome)
    started[0].join(LONG_SECONDS)
    assert request.state is RequestState.ABANDONED
    assert is_released(request)


def test_a_slot_is_held_until_the_reply_and_its_release_is_announced() -> None:
    intake = Intake(limit=1)
    request = intake.open()
    batch_id = intake.commit(request)
    assert intake.pending.count_in_flight() == 1
    assert intake.pending.seconds_until_room() == SLOT_SECONDS
    intake.now += 0.5
    assert intake.pending.seconds_until_room() == SLOT_SECONDS - 0.5
    intake.reply(batch_id, request)
    assert (intake.rooms, intake.pending.seconds_until_room()) == (1, 0.0)


def test_a_late_batch_holds_no_slot_and_its_reply_is_still_taken() -> None:
    intake = Intake(limit=1)
    patient = intake.open()
    batch_id = intake.commit(patient)
    intake.now += SLOT_SECONDS
    assert intake.pending.seconds_until_room() == 0.0
    assert intake.pending.count_in_flight() == 0
    assert intake.pending.expects_replies
    intake.now += MAX_WAIT_SECONDS
    assert intake.pending.count_in_flight() == 0
    intake.reply(batch_id, patient)
    assert patient.state is RequestState.RESOLVED


def test_a_reply_that_never_comes_is_forgotten_after_the_longest_wait() -> None:
    intake = Intake()
    patient = intake.open()
    batch_id = intake.commit(patient)
    intake.now += SLOT_SECONDS
    assert intake.pending.count_in_flight() == 0
    intake.now += MAX_WAIT_SECONDS + 0.001
    assert intake.pending.count_in_flight() == 0
    assert not intake.pending.expects_replies
    intake.reply(batch_id, patient)
    assert not is_released(patient)


def test_a_late_batch_is_given_up_with_the_others() -> None:
    intake = Intake()
    patient = intake.open()
    intake.commit(patient)
    intake.now += SLOT_SECONDS
    assert intake.pending.count_in_flight() == 0
    intake.pending.give_up_all()
    assert is_released(patient)


def test_no_more_than_so_many_requests_wait_and_each_place_is_given_back_once() -> None:
    intake = Intake(max_waiting=2)
    first, second, third = intake.open(), intake.open(), intake.open()
    assert [request.wants_results for request in (first, second, third)] == [True, True, False]
    for request in (first, first, third):
        intake.pending.stop_waiting(request)
    assert intake.pending.waiting == 1
    assert intake.open().wants_results


def test_one_query_serves_all_requests_of_a_batch_even_if_it_fails() -> None:
    intake = Intake()
    requests = [intake.open() for _ in range(3)]
    intake.commit(*requests)
    for request in requests:
        intake.pending.stop_waiting(request)
    asked: list[int] = []

    def fail(action_ids: Sequence[UUID]) -> dict[UUID, ActionResult]:
        asked.append(len(action_ids))
        raise DatabaseUnavailableError

    with pytest.raises(DatabaseUnavailableError):
        requests[0].look_up_results(fail)
    for request in requests[1:]:
        request.look_up_results(fail)
    assert asked == [3]


def test_drain_ends_with_the_last_reply() -> None:
    intake = Intake()
    request = intake.open()
    batch_id = intake.commit(request)
    draining = threading.Thread(target=intake.pending.drain, args=(LONG_SECONDS,))
    draining.start()
    intake.reply(batch_id, request)
    draining.join(LONG_SECONDS / 2)
    assert not draining.is_alive()


def test_drain_gives_up_at_its_limit() -> None:
    intake = Intake()
    intake.commit(intake.open())
    draining = threading.Thread(target=intake.pending.drain, args=(0.01,))
    draining.start()
    wait_until(lambda: not draining.is_alive())
    assert intake.pending.count_in_flight() == 1
