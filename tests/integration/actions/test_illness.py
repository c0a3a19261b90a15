"""What hits other batches too, and what only waits, is held against no action."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from domain.actions.chain import SCORE, SCREEN, Stage
from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome
from domain.actions.recovery import (
    SINGLE_ATTEMPTS,
    SPLIT_LOOKS,
    begin_attempt,
    claim_stalled_batches,
    isolate,
)
from domain.errors import DatabaseLockedError
from domain.store.postgres.actions.attempts import EPIDEMIC_BATCHES
from domain.store.postgres.actions.queue_age import read_oldest_seconds, read_queue_age_seconds
from domain.store.store import Store
from tests.batches import accept, count_by_status, get_batch, let_time_pass, set_attempts
from tests.factories import make_action
from tests.intakes import ALL_ACTIONS, fetch
from tests.pipeline import complete_actions
from tests.waiting import run_in_threads
from workers import chain
from workers import keeper as keeper_module
from workers.chain import run_link
from workers.context import WorkerContext
from workers.keeper import Keeper


@pytest.fixture(autouse=True)
def _no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "submit_batch", lambda _batch_id, *, stage: None)


@contextmanager
def locked(store: Store, user_id: UUID) -> Iterator[None]:
    """Hold the player's score as a session of an operator would."""
    with store.write() as other:
        other.execute(
            text("SELECT 1 FROM user_scores WHERE user_id = :id FOR UPDATE"), {"id": user_id}
        )
        yield


def look(context: WorkerContext, times: int) -> None:
    """Let the keeper look at all batches so many times."""
    keeper = Keeper(context)
    for _ in range(times):
        let_time_pass(context.store)
        keeper.watch.run_due()


def break_link(monkeypatch: pytest.MonkeyPatch, *, of_users: set[UUID] | None = None) -> None:
    """Let screening fail, for the batches of these players or for all."""
    screen = chain.RUNNERS[SCREEN]

    def fail(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
        rows = fetch(
            context.store, "SELECT user_id FROM pending_actions WHERE batch_id = :id", id=batch_id
        )
        if of_users is None or of_users & {row.user_id for row in rows}:
            raise LookupError("not of the data alone")
        return screen(context, batch_id)

    monkeypatch.setitem(chain.RUNNERS, SCREEN, fail)


def test_a_locked_score_delays_its_player_only(worker_context: WorkerContext) -> None:
    store = worker_context.store
    players = [uuid4() for _ in range(3)]
    actions = [make_action(user_id=players[number % 3]) for number in range(6)]
    (batch,) = accept_actions(store, actions=actions, reply_to=None).batches
    run_link(worker_context, link=SCREEN, batch_id=batch.batch_id)
    with locked(store, players[1]):
        moved = run_link(worker_context, link=SCORE, batch_id=batch.batch_id)
        assert moved is LinkOutcome.MOVED
        statuses = fetch(store, f"SELECT user_id, status FROM {ALL_ACTIONS}")
        pending = [row.user_id for row in statuses if row.status == "pending"]
        assert pending == [players[1]] * 2
        (part,) = fetch(
            store, "SELECT batch_id, attempts FROM action_batches WHERE stage = 'screened'"
        )
        for _ in range(5):
            with pytest.raises(DatabaseLockedError):
                run_link(worker_context, link=SCORE, batch_id=part.batch_id)
        assert get_batch(store, part.batch_id).attempts == 0
    run_link(worker_context, link=SCORE, batch_id=part.batch_id)
    assert count_by_status(store) == {"applied": 6}


def test_a_batch_of_locked_players_is_parted_so_that_each_goes_on_alone(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    players = [uuid4(), uuid4()]
    actions = [make_action(user_id=player) for player in players]
    (batch,) = accept_actions(store, actions=actions, reply_to=None).batches
    run_link(worker_context, link=SCREEN, batch_id=batch.batch_id)
    with locked(store, players[0]):
        with locked(store, players[1]), pytest.raises(DatabaseLockedError):
            run_link(worker_context, link=SCORE, batch_id=batch.batch_id)
        look(worker_context, 3)
        rows = fetch(store, "SELECT user_id FROM user_actions WHERE status = 'applied'")
        assert [row.user_id for row in rows] == [players[1]]
    look(worker_context, 1)
    assert count_by_status(store) == {"applied": 2}


def test_an_action_whose_player_is_locked_never_fails(worker_context: WorkerContext) -> None:
    store = worker_context.store
    player = uuid4()
    action = make_action(user_id=player)
    (batch,) = accept_actions(store, actions=[action], reply_to=None).batches
    with locked(store, player):
        run_link(worker_context, link=SCREEN, batch_id=batch.batch_id)

        def try_once() -> None:
            with pytest.raises(DatabaseLockedError):
                while run_link(worker_context, link=SCORE, batch_id=batch.batch_id):
                    pass

        for _ in range(3):
            run_in_threads(try_once, count=3)
            complete_actions(worker_context, [make_action()])
            look(worker_context, 2)
        assert count_by_status(store) == {"applied": 3, "pending": 1}
    look(worker_context, 2)
    assert count_by_status(store) == {"applied": 4}


def test_attempts_of_two_processes_at_once_are_one(store: Store) -> None:
    batch_id = accept(store)
    assert begin_attempt(store, batch_id=batch_id, link=SCREEN)
    with store.write() as at_work:
        at_work.execute(text("SELECT 1 FROM action_batches FOR NO KEY UPDATE"))
        assert not begin_attempt(store, batch_id=batch_id, link=SCREEN)
    assert get_batch(store, batch_id).attempts == 1


@pytest.mark.parametrize(
    ("break_it", "mend_it"),
    [
        ("ALTER TABLE user_scores RENAME TO away", "ALTER TABLE away RENAME TO user_scores"),
        ("ALTER TABLE user_actions RENAME TO away", "ALTER TABLE away RENAME TO user_actions"),
        (
            "ALTER TABLE user_scores RENAME COLUMN total_actions TO away",
            "ALTER TABLE user_scores RENAME COLUMN away TO total_actions",
        ),
    ],
)
def test_actions_outlive_a_table_that_is_away(
    worker_context: WorkerContext, break_it: str, mend_it: str
) -> None:
    store = worker_context.store
    for _ in range(4):
        accept(store)
    with store.write() as connection:
        connection.execute(text(break_it))
    try:
        look(worker_context, 8)
    finally:
        with store.write() as connection:
            connection.execute(text(mend_it))
    assert count_by_status(store) == {"pending": 4}
    look(worker_context, 2)
    assert count_by_status(store) == {"applied": 4}


def test_a_link_that_fails_for_all_fails_no_action(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    for _ in range(EPIDEMIC_BATCHES + 1):
        accept(store, actions=2)
    count = 2 * (EPIDEMIC_BATCHES + 1)
    with monkeypatch.context() as patch:
        break_link(patch)
        look(worker_context, SPLIT_LOOKS - 1)
        stages = {row.stage for row in fetch(store, "SELECT stage FROM action_batches")}
        assert stages == {Stage.ACCEPTED}, "no batch is split"
        look(worker_context, 6)
    assert count_by_status(store) == {"pending": count}
    look(worker_context, 2)
    assert count_by_status(store) == {"applied": count}


def test_what_fails_while_others_pass_is_failed(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    poisoned = {uuid4() for _ in range(EPIDEMIC_BATCHES + 1)}
    for player in poisoned:
        accept_actions(store, actions=[make_action(user_id=player)], reply_to=None)
    break_link(monkeypatch, of_users=poisoned)
    look(worker_context, 8)
    assert count_by_status(store) == {"pending": len(poisoned)}, "nothing shows that others pass"
    for _ in range(5):
        complete_actions(worker_context, [make_action()])
        look(worker_context, 1)
    assert count_by_status(store) == {"applied": 5, "failed": len(poisoned)}


def test_a_few_poisoned_actions_fail_without_other_traffic_and_their_neighbours_do_not(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    poisoned = {uuid4() for _ in range(3)}
    for player in poisoned:
        actions = [make_action(), make_action(user_id=player), make_action()]
        accept_actions(store, actions=actions, reply_to=None)
    break_link(monkeypatch, of_users=poisoned)
    look(worker_context, 10)
    assert count_by_status(store) == {"applied": 6, "failed": 3}


def test_neighbours_of_many_poisoned_actions_do_not_wait_with_them(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    poisoned = {uuid4() for _ in range(EPIDEMIC_BATCHES + 2)}
    for player in poisoned:
        actions = [make_action(), make_action(user_id=player)]
        accept_actions(store, actions=actions, reply_to=None)
    break_link(monkeypatch, of_users=poisoned)
    look(worker_context, SPLIT_LOOKS + 2)
    assert count_by_status(store)["applied"] == len(poisoned)


def test_an_action_fails_only_after_another_has_passed_since_its_last_attempt(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    batch_ids = [accept(store) for _ in range(EPIDEMIC_BATCHES + 1)]
    for batch_id in batch_ids:
        begin_attempt(store, batch_id=batch_id, link=SCREEN)
        set_attempts(store, batch_id, SINGLE_ATTEMPTS)
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET looks = 2"))
    first, last = batch_ids[0], batch_ids[-1]
    assert isolate(store, batch=get_batch(store, first)) == (first,)
    assert count_by_status(store) == {"pending": len(batch_ids)}
    run_link(worker_context, link=SCREEN, batch_id=last)
    isolate(store, batch=get_batch(store, first))
    assert count_by_status(store) == {"pending": len(batch_ids) - 1, "failed": 1}


def test_a_batch_at_a_stage_of_a_newer_version_is_left_alone(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    newer, others = accept(store), [accept(store) for _ in range(3)]
    with store.write() as connection:
        connection.execute(
            text("UPDATE action_batches SET stage = 'enriched' WHERE batch_id = :id"),
            {"id": newer},
        )
    let_time_pass(store)
    assert {batch.batch_id for batch in claim_stalled_batches(store)} == set(others)
    for link in (SCREEN, SCORE, *chain.RUNNERS):
        assert run_link(worker_context, link=link, batch_id=newer) is LinkOutcome.NOT_ITS_TURN
    keeper = Keeper(worker_context)
    with capture_logs() as logs:
        keeper.upkeep.run_due()
        look(worker_context, 2)
        keeper.upkeep.run_due()
    left = [line for line in logs if line["event"] == "batches left alone"]
    assert [(line["stage"], line["batches"]) for line in left] == [("enriched", 1)]
    assert count_by_status(store) == {"applied": 3, "pending": 1}


def test_a_clock_that_was_put_back_delays_no_batch(store: Store) -> None:
    batch_id = accept(store)
    let_time_pass(store, -120)
    assert [batch.batch_id for batch in claim_stalled_batches(store)] == [batch_id]
    assert claim_stalled_batches(store) == [], "its next look is by the new clock"


def test_a_batch_that_others_have_overtaken_does_not_make_the_queue_long(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store

    def ages() -> tuple[int, int]:
        with store.write() as connection:
            ages = read_queue_age_seconds(connection), read_oldest_seconds(connection)
        return round(ages[0] / 10), round(ages[1] / 10)

    accept(store)
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE action_batches SET created_at = created_at - interval '50 s',"
                " updated_at = updated_at - interval '50 s'"
            )
        )
    assert ages() == (5, 5), "nothing says that the next action would be faster"
    second = accept(store)
    assert ages() == (5, 5)
    run_link(worker_context, link=SCREEN, batch_id=second)
    assert ages() == (5, 5)
    run_link(worker_context, link=SCORE, batch_id=second)
    assert ages() == (0, 5)
