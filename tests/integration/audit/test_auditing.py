"""The audit log: one dense chain, one entry per transition, however many processes write."""

import threading
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
from domain.audit.hash_chain import GENESIS, find_breaks
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.store.postgres.audit import iterate_entries, read_head
from domain.store.store import Store
from tests.factories import make_action
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


def find_all_breaks(store: Store) -> list[str]:
    with store.write() as connection:
        return list(find_breaks(iterate_entries(connection), after_seq=0, after_hash=GENESIS))


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
    with store.write() as connection:
        entries = list(iterate_entries(connection, chunk=7))
        assert read_head(connection) == (120, entries[-1].hash)
    assert [entry.seq for entry in entries] == list(range(1, 121))
    assert len({entry.action_id for entry in entries}) == 120
    assert find_all_breaks(store) == []


def test_the_same_batch_run_by_many_at_once_is_recorded_once(context: WorkerContext) -> None:
    batch_id = refresh(context)
    outcomes: list[LinkOutcome] = []
    run_in_threads(lambda: outcomes.append(audit_batch(context.store, batch_id=batch_id)), count=8)
    assert outcomes.count(LinkOutcome.MOVED) == 1
    with context.store.write() as connection:
        assert read_head(connection)[0] == 3


def test_a_process_that_dies_before_the_commit_leaves_no_gap(
    context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = refresh(context)
    insert_entries = auditing.insert_entries

    def insert_and_die(*args: Any, **arguments: Any) -> None:
        insert_entries(*args, **arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(auditing, "insert_entries", insert_and_die)
        with pytest.raises(KeyboardInterrupt):
            audit_batch(context.store, batch_id=batch_id)
    with context.store.write() as connection:
        assert read_head(connection) == (0, GENESIS)
        assert list(iterate_entries(connection)) == []
    assert audit_batch(context.store, batch_id=batch_id) is LinkOutcome.MOVED
    assert find_all_breaks(context.store) == []


def test_an_entry_says_what_became_of_its_action_and_nothing_of_its_content(
    context: WorkerContext,
) -> None:
    batch_id = refresh(context, username="penelope", metadata='{"note":"of-the-player"}')
    audit_batch(context.store, batch_id=batch_id)
    with context.store.write() as connection:
        entries = [stored.entry for stored in iterate_entries(connection)]
        rows = connection.execute(text("SELECT * FROM user_actions ORDER BY action_no")).all()
    for entry, row in zip(entries, rows, strict=True):
        content = orjson.loads(entry)
        assert content["actionId"] == str(row.action_id)
        assert content["actionNo"] == row.action_no
        assert content["status"] == row.status
        assert content["reason"] == row.reason
        assert content["newScore"] == row.new_score
        assert "penelope" not in entry
        assert "of-the-player" not in entry
    assert [orjson.loads(entry)["status"] for entry in entries] == [
        "applied",
        "applied",
        "rejected",
    ]


def test_a_second_transition_of_an_action_is_a_second_entry(context: WorkerContext) -> None:
    store = context.store
    batch_id = refresh(context)
    audit_batch(store, batch_id=batch_id)
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE user_actions SET status = 'voided', version = version + 1"
                " WHERE action_no = (SELECT min(action_no) FROM user_actions)"
            )
        )
        connection.execute(text("UPDATE action_batches SET stage = 'refreshed'"))
    assert audit_batch(store, batch_id=batch_id) is LinkOutcome.MOVED
    with store.write() as connection:
        entries = [orjson.loads(stored.entry) for stored in iterate_entries(connection)]
    assert [(entry["status"], entry["version"]) for entry in entries] == [
        ("applied", 1),
        ("applied", 1),
        ("rejected", 1),
        ("voided", 2),
    ]
    assert find_all_breaks(store) == []
