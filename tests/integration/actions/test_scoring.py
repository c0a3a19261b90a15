"""Scoring: one atomic update, exactly once, however many processes run it and how often."""

import itertools
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions import scoring
from domain.actions.chain import SCORE, SCREEN, Stage
from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome, NewAction, Status
from domain.actions.scoring import score_batch
from domain.errors import TransientError, UnstorableDataError
from domain.moderation.deciding import Decision, decide_action
from domain.store.store import Store
from tests.batches import count_by_status, get_batch
from tests.factories import make_action, make_player, make_policy
from tests.waiting import run_in_threads
from workers.chain import run_link
from workers.context import WorkerContext

# Who waits for a player among many is not always served in turn; a worker would try again.
PATIENCE_MS = 30_000


def accept(context: WorkerContext, *actions: NewAction) -> UUID:
    """Take the actions in as one batch and screen it."""
    (batch,) = accept_actions(context.store, actions=actions, reply_to=None).batches
    run_link(context, link=SCREEN, batch_id=batch.batch_id)
    return batch.batch_id


def let_all_pass(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET verdicts = NULL"))


def fetch(store: Store, query: str, **parameters: Any) -> list[Any]:
    with store.write() as connection:
        return list(connection.execute(text(query), parameters).all())


def score_all(store: Store, batch_ids: list[UUID], *, threads: int = 10) -> None:
    left = iter(batch_ids)
    mutex = threading.Lock()

    def work() -> None:
        while True:
            with mutex:
                batch_id = next(left, None)
            if batch_id is None:
                return
            scored = score_batch(store, batch_id=batch_id, lock_wait_ms=PATIENCE_MS)
            assert scored.link is LinkOutcome.MOVED

    run_in_threads(work, count=threads)


def test_two_hundred_batches_at_once_on_one_player_lose_no_update(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    player = uuid4()
    batch_ids = [
        accept(worker_context, make_action(user_id=player, score=1 + number % 7))
        for number in range(200)
    ]
    let_all_pass(store)
    score_all(store, batch_ids)
    expected = sum(1 + number % 7 for number in range(200))
    (score,) = fetch(store, "SELECT * FROM user_scores")
    (stats,) = fetch(store, "SELECT * FROM user_stats")
    assert (score.score, score.version, stats.total_actions) == (expected, 200, 200)
    rows = fetch(store, "SELECT * FROM user_actions")
    assert score.reached_seq == max(row.action_no for row in rows)
    assert {row.status for row in rows} == {Status.APPLIED}
    steps = sorted((row.previous_score, row.new_score) for row in rows)
    assert steps[0][0] == 0
    assert all(before[1] == after[0] for before, after in itertools.pairwise(steps))
    assert steps[-1][1] == expected
    assert stats.first_action == min(row.created_at for row in rows)
    assert stats.last_action == max(row.created_at for row in rows)


def test_crossing_players_do_not_deadlock(worker_context: WorkerContext) -> None:
    store = worker_context.store
    players = [uuid4() for _ in range(12)]
    orders = [players, players[::-1], players[6:] + players[:6], players[::5] + players[::2]]
    batch_ids = [
        accept(worker_context, *(make_action(user_id=user, score=1) for user in orders[turn % 4]))
        for turn in range(40)
    ]
    let_all_pass(store)
    score_all(store, batch_ids, threads=8)
    expected = Counter(user for turn in range(40) for user in orders[turn % 4])
    rows = fetch(store, "SELECT user_id, score FROM user_scores")
    assert {row.user_id: row.score for row in rows} == dict(expected)


def test_the_same_batch_run_by_many_at_once_has_one_effect(worker_context: WorkerContext) -> None:
    store = worker_context.store
    batch_id = accept(worker_context, make_action(score=10), make_action(score=20))
    outcomes: list[LinkOutcome] = []

    def score() -> None:
        outcomes.append(score_batch(store, batch_id=batch_id, lock_wait_ms=PATIENCE_MS).link)

    run_in_threads(score, count=10)
    assert Counter(outcomes) == {LinkOutcome.MOVED: 1, LinkOutcome.NOT_ITS_TURN: 9}
    assert [row.sum for row in fetch(store, "SELECT sum(score) FROM user_scores")] == [30]
    assert {row.version for row in fetch(store, "SELECT version FROM user_actions")} == {1}


def test_a_batch_that_is_not_screened_is_not_scored(worker_context: WorkerContext) -> None:
    store = worker_context.store
    (batch,) = accept_actions(store, actions=[make_action()], reply_to=None).batches
    assert score_batch(store, batch_id=batch.batch_id).link is LinkOutcome.NOT_ITS_TURN
    assert score_batch(store, batch_id=uuid4()).link is LinkOutcome.NOT_ITS_TURN


def test_every_verdict_gives_its_status(worker_context: WorkerContext) -> None:
    store = worker_context.store
    player = uuid4()
    actions = [
        make_action(user_id=player, score=100),
        make_action(user_id=player, score=5000),
        *(make_action(user_id=player, score=1000) for _ in range(10)),
    ]
    batch_id = accept(worker_context, *actions)
    effects = score_batch(store, batch_id=batch_id).effects
    rows = {
        row.action_id: row
        for row in fetch(
            store,
            "SELECT action_id, status, reason, previous_score, new_score, completed_at"
            " FROM user_actions",
        )
    }
    told = [(rows[action.action_id].status, rows[action.action_id].reason) for action in actions]
    assert told == [
        ("applied", None),
        ("rejected", "SCORE_TOO_HIGH"),
        *[("applied", None)] * 9,
        ("rejected", "VELOCITY"),
    ]
    assert [effect.status for effect in effects.actions] == [status for status, _ in told]
    assert rows[actions[1].action_id].new_score is None
    assert rows[actions[10].action_id].new_score == 9100
    assert all(row.completed_at is not None for row in rows.values())


def test_a_total_that_would_be_inexact_is_rejected(worker_context: WorkerContext) -> None:
    store = worker_context.store
    player = make_player(store, score=2**53 - 1 - 10, reached_seq=1)
    over = make_action(user_id=player.user_id, score=11)
    exact = make_action(user_id=player.user_id, score=10)
    score_batch(store, batch_id=accept(worker_context, over, exact))
    rows = fetch(store, "SELECT status, reason, new_score FROM user_actions ORDER BY action_no")
    assert [tuple(row) for row in rows] == [
        ("rejected", "SCORE_LIMIT", None),
        ("applied", None, 2**53 - 1),
    ]


def test_a_row_that_moves_under_the_lock_undoes_everything(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    held = make_action(score=10)
    strict = make_policy(suspicious_score_threshold=9)
    score_all(store, [accept(replace(worker_context, policy=strict), held)])
    run("UPDATE action_batches SET stage = 'done'", store)
    reopened = decide_action(
        store,
        action_id=held.action_id,
        decision=Decision.RELEASE,
        by="grace",
        reason="",
        now=datetime.now(UTC),
    )
    assert reopened.batch_id is not None
    lock_scores = scoring.lock_scores

    def steal_and_lock(connection: Any, **arguments: Any) -> Any:
        run("UPDATE user_actions SET status = 'rejected'", store)
        return lock_scores(connection, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "lock_scores", steal_and_lock)
        with pytest.raises(TransientError):
            run_link(worker_context, link=SCORE, batch_id=reopened.batch_id)
    assert [row.score for row in fetch(store, "SELECT score FROM user_scores")] == [0]
    batch = get_batch(store, reopened.batch_id)
    assert (batch.stage, batch.attempts) == (Stage.SCREENED, 0)
    run("UPDATE user_actions SET status = 'pending'", store)
    run_link(worker_context, link=SCORE, batch_id=reopened.batch_id)
    (row,) = fetch(store, "SELECT status, new_score, version FROM user_actions")
    assert tuple(row) == ("applied", 10, 2)


def test_an_action_is_not_written_beside_the_row_that_it_has(worker_context: WorkerContext) -> None:
    store = worker_context.store
    batch_id = accept(worker_context, make_action(score=10))
    score_all(store, [batch_id])
    run("UPDATE action_batches SET stage = 'screened'", store)
    with pytest.raises(UnstorableDataError):
        score_batch(store, batch_id=batch_id)
    assert [row.score for row in fetch(store, "SELECT score FROM user_scores")] == [10]


def run(statement: str, store: Store) -> None:
    with store.write() as connection:
        connection.execute(text(statement))


def test_a_process_that_dies_before_the_commit_has_done_nothing(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    batch_id = accept(worker_context, make_action(score=10))
    write_effects = scoring.write_effects

    def write_and_die(*args: Any, **arguments: Any) -> None:
        assert write_effects(*args, **arguments) == 1
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "write_effects", write_and_die)
        with pytest.raises(KeyboardInterrupt):
            score_batch(store, batch_id=batch_id)
    assert [row.score for row in fetch(store, "SELECT score FROM user_scores")] == [0]
    assert fetch(store, "SELECT 1 FROM user_actions") == []
    assert count_by_status(store) == {"pending": 1}
    assert fetch(store, "SELECT 1 FROM user_stats") == []
    assert score_batch(store, batch_id=batch_id).link is LinkOutcome.MOVED
    assert [row.score for row in fetch(store, "SELECT score FROM user_scores")] == [10]


def test_statistics_count_applied_actions_only(worker_context: WorkerContext) -> None:
    store = worker_context.store
    player = uuid4()
    score_batch(store, batch_id=accept(worker_context, make_action(user_id=player, score=5000)))
    assert fetch(store, "SELECT 1 FROM user_stats") == []
    score_batch(
        store,
        batch_id=accept(
            worker_context,
            make_action(user_id=player, score=5001),
            make_action(user_id=player, score=0),
            make_action(user_id=player, score=3),
        ),
    )
    (stats,) = fetch(store, "SELECT total_actions FROM user_stats")
    assert stats.total_actions == 2
