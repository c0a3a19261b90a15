"""The audit log: one dense chain, one entry for a batch, however many processes write."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from domain.actions.chain import REFRESH, SCORE, SCREEN
from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome
from domain.audit import auditing
from domain.audit.auditing import audit_batch
from domain.audit.hash_chain import AuditEntry, ChainCheck, Head
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.moderation.deciding import Decision, decide_action
from domain.store.postgres.audit import iterate_entries, read_head
from domain.store.store import Store
from tests.factories import make_action, make_policy
from tests.pipeline import complete_actions, finish_batch
from tests.waiting import run_in_threads
from workers.chain import run_link
from workers.context import WorkerContext


@pytest.fixture
def context(worker_context: WorkerContext) -> WorkerContext:
    """A worker's context with a trusted board."""
    assert rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    return worker_context


def refresh(context: WorkerContext, **overrides: Any) -> UUID:
    """Run a batch of three actions up to the stage REFRESHED."""
    player = uuid4()
    actions = [make_action(user_id=player, score=10, **overrides) for _ in range(2)]
    actions.append(make_action(user_id=player, score=5000))
    (batch,) = accept_actions(context.store, actions=actions, reply_to=None).batches
    for link in (SCREEN, SCORE, REFRESH):
        run_link(context, link=link, batch_id=batch.batch_id)
    return batch.batch_id


def read_entries(store: Store, **options: int) -> list[AuditEntry]:
    with store.write() as connection:
        return list(iterate_entries(connection, **options))


def find_all_breaks(store: Store) -> list[str]:
    return list(ChainCheck().find_breaks(read_entries(store)))


def find_head(store: Store) -> Head:
    with store.write() as connection:
        return read_head(connection)


def test_many_at_once_write_one_dense_chain(context: WorkerContext) -> None:
    store = context.store
    left = iter([refresh(context) for _ in range(40)])
    mutex = threading.Lock()

    def work() -> None:
        while True:
            with mutex:
                batch_id = next(left, None)
            if batch_id is None:
                return
            assert audit_batch(store, batch_id=batch_id) is LinkOutcome.MOVED

    run_in_threads(work, count=8)
    entries = read_entries(store, chunk=7)
    assert find_head(store) == Head(40, entries[-1].hash)
    assert [entry.seq for entry in entries] == list(range(1, 41))
    assert len({entry.batch_id for entry in entries}) == 40
    assert find_all_breaks(store) == []


def test_the_same_batch_run_by_many_at_once_is_recorded_once(context: WorkerContext) -> None:
    batch_id = refresh(context)
    outcomes: list[LinkOutcome] = []
    run_in_threads(lambda: outcomes.append(audit_batch(context.store, batch_id=batch_id)), count=8)
    assert outcomes.count(LinkOutcome.MOVED) == 1
    assert find_head(context.store).seq == 1


def test_a_batch_that_is_not_at_its_turn_does_not_wait_for_the_chain(
    context: WorkerContext,
) -> None:
    store = context.store
    batch_id = refresh(context)
    assert audit_batch(store, batch_id=batch_id) is LinkOutcome.MOVED
    with store.write() as other:
        other.execute(text("SELECT 1 FROM audit_head FOR UPDATE"))
        assert audit_batch(store, batch_id=batch_id) is LinkOutcome.NOT_ITS_TURN


def test_a_process_that_dies_before_the_commit_leaves_no_gap(
    context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = refresh(context)
    insert_entry = auditing.insert_entry

    def insert_and_die(*args: Any, **arguments: Any) -> None:
        insert_entry(*args, **arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(auditing, "insert_entry", insert_and_die)
        with pytest.raises(KeyboardInterrupt):
            audit_batch(context.store, batch_id=batch_id)
    assert find_head(context.store) == Head()
    assert read_entries(context.store) == []
    assert audit_batch(context.store, batch_id=batch_id) is LinkOutcome.MOVED
    assert find_all_breaks(context.store) == []


def test_an_entry_says_what_became_of_its_actions_and_nothing_of_their_content(
    context: WorkerContext,
) -> None:
    batch_id = refresh(context, username="penelope", metadata='{"note":"of-the-player"}')
    audit_batch(context.store, batch_id=batch_id)
    (entry,) = read_entries(context.store)
    with context.store.write() as connection:
        rows = connection.execute(text("SELECT * FROM user_actions ORDER BY action_no")).all()
    said = orjson.loads(entry.entry)
    assert (said["batchId"], said["transitions"]) == (str(batch_id), 3)
    assert datetime.fromisoformat(said["acceptedAt"]) == rows[0].created_at
    assert datetime.fromisoformat(said["completedAt"]) == rows[0].completed_at
    assert orjson.loads(entry.leaves) == [
        [
            row.action_no,
            str(row.action_id),
            str(row.user_id),
            row.score_delta,
            row.status,
            row.reason,
            row.previous_score,
            row.new_score,
            row.version,
        ]
        for row in rows
    ]
    assert [row.status for row in rows] == ["applied", "applied", "rejected"]
    assert "penelope" not in entry.entry + entry.leaves
    assert "of-the-player" not in entry.entry + entry.leaves


def test_a_second_transition_of_an_action_is_in_a_second_entry(context: WorkerContext) -> None:
    store = context.store
    strict = replace(context, policy=make_policy(suspicious_score_threshold=99))
    action = make_action(score=100)
    complete_actions(strict, [action])
    released = decide_action(
        store,
        action_id=action.action_id,
        decision=Decision.RELEASE,
        by="grace",
        reason="seen",
        now=datetime.now(UTC),
    )
    assert released.batch_id is not None
    finish_batch(context, released.batch_id)
    transitions = [orjson.loads(entry.leaves) for entry in read_entries(store)]
    # The one between them is of the decision itself.
    assert [[(leaf[1], leaf[4], leaf[8]) for leaf in leaves] for leaves in transitions] == [
        [(str(action.action_id), "quarantined", 1)],
        [],
        [(str(action.action_id), "applied", 2)],
    ]
    assert find_all_breaks(store) == []


def test_a_batch_whose_stage_was_put_back_is_not_recorded_again(context: WorkerContext) -> None:
    store = context.store
    first, second = refresh(context), refresh(context)
    audit_batch(store, batch_id=first)
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET stage = 'refreshed'"))
    assert audit_batch(store, batch_id=first) is LinkOutcome.MOVED
    assert audit_batch(store, batch_id=second) is LinkOutcome.MOVED
    assert [entry.seq for entry in read_entries(store)] == [1, 2]
    assert find_all_breaks(store) == []
