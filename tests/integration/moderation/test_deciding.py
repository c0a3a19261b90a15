"""Review: a decision makes an action pending again, once, and the pipeline does the rest."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.chain import REFRESH, SCORE, SCREEN
from domain.actions.intake import accept_actions
from domain.actions.model import NewAction, Status
from domain.actions.recovery import SINGLE_ATTEMPTS, isolate
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import read_top
from domain.boards.rebuild import rebuild_board
from domain.errors import NotFoundError, TransientError
from domain.fraud.model import Verdict
from domain.moderation.deciding import (
    Decision,
    DecisionOutcome,
    decide_action,
    list_actions_to_review,
)
from domain.store.postgres.actions.queue_age import read_queue_age_seconds
from domain.store.postgres.actions.reviews import LIST_HELD
from domain.store.store import Store
from tests.batches import get_batch, set_attempts
from tests.factories import make_action, make_policy
from tests.pipeline import complete_actions, finish_batch
from tests.verification import change, find_broken
from tests.waiting import run_in_threads
from workers.chain import run_link
from workers.context import WorkerContext

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def held(worker_context: WorkerContext) -> NewAction:
    """An action that is held because its player's hour is over the threshold."""
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    player = uuid4()
    complete_actions(worker_context, [make_action(user_id=player, score=1000) for _ in range(9)])
    action = make_action(user_id=player, score=1000)
    strict = make_policy(suspicious_score_threshold=9500)
    complete_actions(replace(worker_context, policy=strict), [action])
    assert read_status(worker_context.store, action.action_id) == (Status.QUARANTINED, 1)
    return action


def read_status(store: Store, action_id: UUID) -> tuple[str, int]:
    with store.write() as connection:
        row = connection.execute(
            text("SELECT status, version FROM user_actions WHERE action_id = :id"),
            {"id": action_id},
        ).one()
    return row.status, row.version


def read_checks(store: Store, action_id: UUID) -> Any:
    with store.write() as connection:
        return connection.execute(
            text("SELECT verdict, verdict_reason, checks FROM user_actions WHERE action_id = :id"),
            {"id": action_id},
        ).one()


def list_entries(store: Store, action_id: UUID) -> list[tuple[int, str]]:
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT leaf -> 8, leaf ->> 4 FROM audit_log,"
                " jsonb_array_elements(CAST(leaves AS jsonb)) leaf"
                " WHERE leaf ->> 1 = :id ORDER BY seq"
            ),
            {"id": str(action_id)},
        )
        return [(version, status) for version, status in rows]


def decide(store: Store, action_id: UUID, decision: Decision) -> DecisionOutcome:
    return decide_action(
        store, action_id=action_id, decision=decision, by="grace", reason="seen", now=NOW
    )


def fail(context: WorkerContext, action: NewAction, batch_id: UUID) -> None:
    """Give a pending action up as the keeper does, and finish its batch."""
    set_attempts(context.store, batch_id, SINGLE_ATTEMPTS)
    assert isolate(context.store, batch=get_batch(context.store, batch_id)) == (batch_id,)
    finish_batch(context, batch_id)


def list_ids(store: Store, *statuses: Status) -> list[UUID]:
    wanted = statuses or (Status.QUARANTINED, Status.FAILED)
    return [listed.action_id for listed in list_actions_to_review(store, statuses=wanted, limit=10)]


def test_a_held_action_is_listed_with_what_its_screening_saw(store: Store, held: NewAction) -> None:
    (listed,) = list_actions_to_review(store, statuses=[Status.QUARANTINED], limit=10)
    assert (listed.action_id, listed.score, listed.reason) == (held.action_id, 1000, "SCORE_BURST")
    assert listed.checks is not None
    assert listed.checks["score_burst"]["seen"] == 10_000
    assert list_actions_to_review(store, statuses=[Status.FAILED], limit=10) == []


def test_a_released_action_counts_is_audited_again_and_reaches_the_board(
    worker_context: WorkerContext, held: NewAction
) -> None:
    store = worker_context.store
    outcome = decide(store, held.action_id, Decision.RELEASE)
    assert read_status(store, held.action_id) == (Status.PENDING, 1)
    assert outcome.batch_id is not None
    finish_batch(worker_context, outcome.batch_id)
    assert read_status(store, held.action_id) == (Status.APPLIED, 2)
    assert list_entries(store, held.action_id) == [(1, "quarantined"), (2, "applied")]
    assert read_top(store, board=GLOBAL_BOARD).standings[0].score == 10_000
    verdict, reason, checks = read_checks(store, held.action_id)
    assert (verdict, reason) == ("pass", None)
    assert checks["review"] == {
        "decision": "release",
        "by": "grace",
        "note": "seen",
        "at": NOW.isoformat(),
    }
    assert checks["score_burst"]["seen"] == 10_000
    assert find_broken(store, worker_context.settings) == {}


def test_a_rejected_action_stays_without_effect_and_says_why(
    worker_context: WorkerContext, held: NewAction
) -> None:
    store = worker_context.store
    outcome = decide(store, held.action_id, Decision.REJECT)
    assert outcome.batch_id is not None
    finish_batch(worker_context, outcome.batch_id)
    assert read_status(store, held.action_id) == (Status.REJECTED, 2)
    assert list_entries(store, held.action_id) == [(1, "quarantined"), (2, "rejected")]
    assert read_top(store, board=GLOBAL_BOARD).standings[0].score == 9000
    with store.write() as connection:
        reason = connection.execute(
            text("SELECT reason FROM user_actions WHERE action_id = :id"), {"id": held.action_id}
        ).scalar_one()
    assert reason == "REVIEW_REJECTED"
    assert find_broken(store, worker_context.settings) == {}


@pytest.mark.parametrize("is_screened", [True, False])
def test_a_failed_action_that_is_retried_goes_through_the_whole_chain(
    worker_context: WorkerContext, is_screened: bool
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    action = make_action()
    (accepted,) = accept_actions(store, actions=[action], reply_to=None).batches
    if is_screened:
        run_link(worker_context, link=SCREEN, batch_id=accepted.batch_id)
    fail(worker_context, action, accepted.batch_id)
    outcome = decide(store, action.action_id, Decision.RETRY)
    assert outcome.batch_id is not None
    strict = replace(worker_context, policy=make_policy(suspicious_score_threshold=1))
    finish_batch(strict, outcome.batch_id)
    status = Status.APPLIED if is_screened else Status.QUARANTINED
    assert read_status(store, action.action_id) == (status, 2), "the first screening stands"
    assert list_entries(store, action.action_id) == [(1, "failed"), (2, status)]
    verdict, reason, checks = read_checks(store, action.action_id)
    assert (verdict, reason) == (("pass", None) if is_screened else ("quarantine", "SCORE_BURST"))
    assert (checks["review"]["decision"], checks["review"]["by"]) == ("retry", "grace")
    assert find_broken(store, worker_context.settings) == {}


def test_a_held_action_is_listed_until_it_is_decided_on(
    worker_context: WorkerContext, held: NewAction
) -> None:
    store = worker_context.store
    assert list_ids(store) == [held.action_id]
    outcome = decide(store, held.action_id, Decision.RELEASE)
    assert list_ids(store) == []
    assert outcome.batch_id is not None
    finish_batch(worker_context, outcome.batch_id)
    assert list_ids(store) == []


def test_an_action_that_is_screened_and_not_yet_held_is_not_listed(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    action = make_action(score=1000)
    (batch,) = accept_actions(store, actions=[action], reply_to=None).batches
    strict = replace(worker_context, policy=make_policy(suspicious_score_threshold=1))
    run_link(strict, link=SCREEN, batch_id=batch.batch_id)
    assert list_ids(store) == []
    run_link(strict, link=SCORE, batch_id=batch.batch_id)
    assert list_ids(store) == [action.action_id]


def test_an_action_that_fails_again_after_its_retry_is_listed_again(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    action = make_action()
    (batch,) = accept_actions(store, actions=[action], reply_to=None).batches
    batch_id = batch.batch_id
    for is_screened in (False, True):
        fail(worker_context, action, batch_id)
        assert list_ids(store, Status.FAILED) == [action.action_id]
        assert list_ids(store, Status.QUARANTINED) == []
        outcome = decide(store, action.action_id, Decision.RETRY)
        assert outcome.batch_id is not None
        batch_id = outcome.batch_id
        assert list_ids(store) == []
        run_link(worker_context, link=SCREEN, batch_id=batch_id)
        verdict = Verdict.PASS if is_screened else None
        assert read_checks(store, action.action_id).verdict == verdict
    finish_batch(worker_context, batch_id)
    assert read_status(store, action.action_id)[0] == Status.APPLIED
    assert list_ids(store) == []
    assert find_broken(store, worker_context.settings) == {}


def test_a_quarantine_that_outlives_a_failure_is_listed_after_the_retry(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    action = make_action(score=1000)
    (batch,) = accept_actions(store, actions=[action], reply_to=None).batches
    strict = replace(worker_context, policy=make_policy(suspicious_score_threshold=1))
    run_link(strict, link=SCREEN, batch_id=batch.batch_id)
    fail(strict, action, batch.batch_id)
    assert list_ids(store, Status.FAILED) == [action.action_id]
    outcome = decide(store, action.action_id, Decision.RETRY)
    assert outcome.batch_id is not None
    finish_batch(worker_context, outcome.batch_id)
    assert list_ids(store, Status.QUARANTINED) == [action.action_id]


def test_the_listing_reads_the_index_of_what_needs_a_review_and_no_other_action(
    store: Store, held: NewAction
) -> None:
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO user_actions (action_id, user_id, score_delta, action_no, batch_id,"
                " status) SELECT gen_random_uuid(), user_id, 1, n, batch_id, 'applied'"
                " FROM user_actions, generate_series(1000, 6000) n WHERE action_id = :id"
            ),
            {"id": held.action_id},
        )
        indexes = connection.execute(
            text(
                "SELECT CAST(CAST(inhrelid AS regclass) AS text) FROM pg_inherits"
                " WHERE inhparent = CAST('ix_user_actions_review' AS regclass)"
            )
        ).scalars()
        plan = "\n".join(
            connection.execute(
                text(f"EXPLAIN {LIST_HELD}"), {"statuses": [Status.FAILED], "limit": 10}
            ).scalars()
        )
        assert all(index in plan for index in indexes), plan
        assert "Seq Scan on user_actions" not in plan
        connection.rollback()


@pytest.mark.parametrize("decision", list(Decision))
def test_an_action_in_another_state_is_left_as_it_is(
    worker_context: WorkerContext, decision: Decision
) -> None:
    store = worker_context.store
    is_of_applied = decision in (Decision.VOID, Decision.HOLD)
    status = Status.REJECTED if is_of_applied else Status.APPLIED
    action = make_action(score=100_000 if is_of_applied else 100)
    complete_actions(worker_context, [action])
    assert decide(store, action.action_id, decision) == DecisionOutcome(status)
    assert read_status(store, action.action_id) == (status, 1)


def test_an_unknown_action_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        decide(store, uuid4(), Decision.RELEASE)


def test_of_decisions_at_once_one_is_taken(worker_context: WorkerContext, held: NewAction) -> None:
    store = worker_context.store
    outcomes: list[DecisionOutcome] = []
    start = threading.Barrier(6)

    def work() -> None:
        start.wait(timeout=10)
        outcomes.append(decide(store, held.action_id, Decision.RELEASE))

    run_in_threads(work, count=6)
    (taken,) = [outcome.batch_id for outcome in outcomes if outcome.batch_id]
    finish_batch(worker_context, taken)
    assert read_top(store, board=GLOBAL_BOARD).standings[0].score == 10_000
    assert find_broken(store, worker_context.settings) == {}


def test_a_decision_that_fails_midway_leaves_the_action_held(
    store: Store, held: NewAction, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("domain.moderation.deciding.reopen_action", killed)
    with pytest.raises(KeyboardInterrupt):
        decide(store, held.action_id, Decision.RELEASE)
    assert read_status(store, held.action_id) == (Status.QUARANTINED, 1)
    with store.write() as connection:
        unfinished = connection.execute(
            text("SELECT count(*) FROM action_batches WHERE stage <> 'done'")
        ).scalar_one()
    assert unfinished == 0


def test_an_action_that_was_held_for_days_does_not_make_the_queue_look_old(
    store: Store, held: NewAction
) -> None:
    days_ago = datetime.now(UTC) - timedelta(days=20)
    for table in ("user_actions", "action_ids"):
        change(
            store,
            f"UPDATE {table} SET created_at = :at WHERE action_id = :id",
            at=days_ago,
            id=held.action_id,
        )
    decide(store, held.action_id, Decision.RELEASE)
    with store.write() as connection:
        assert read_queue_age_seconds(connection) < 60


def test_an_action_whose_status_is_not_audited_yet_waits_for_its_entry(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    action = make_action(score=1000)
    strict = replace(worker_context, policy=make_policy(suspicious_score_threshold=1))
    (batch,) = accept_actions(store, actions=[action], reply_to=None).batches
    for link in (SCREEN, SCORE, REFRESH):
        run_link(strict, link=link, batch_id=batch.batch_id)
    with pytest.raises(TransientError, match="audit log"):
        decide(store, action.action_id, Decision.RELEASE)
    assert read_status(store, action.action_id) == (Status.QUARANTINED, 1)
    finish_batch(strict, batch.batch_id)
    outcome = decide(store, action.action_id, Decision.RELEASE)
    assert outcome.batch_id is not None
    finish_batch(strict, outcome.batch_id)
    assert list_entries(store, action.action_id) == [(1, "quarantined"), (2, "applied")]
    assert find_broken(store, worker_context.settings) == {}
