"""The keeper: a failing batch, duty or store does not affect the others."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.actions.chain import SCREEN, Stage
from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome
from domain.actions.recovery import CLAIM_LIMIT, claim_stalled_batches
from domain.boards.model import GLOBAL_BOARD, BoardId
from domain.boards.reader import read_top
from domain.errors import DatabaseUnavailableError, RedisUnavailableError
from domain.rankings.administration.boards import create_board, delete_board, list_boards
from domain.store.redis import boards
from domain.store.store import Store
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.waiting import wait_until
from workers import chain
from workers import keeper as keeper_module
from workers.context import WorkerContext
from workers.duties import DutySchedule
from workers.keeper import Keeper, keep
from workers.upkeep import boards as board_upkeep
from workers.upkeep.boards import BoardUpkeep


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The batches that the keeper sends new messages for; no worker consumes them."""
    batch_ids: list[UUID] = []
    monkeypatch.setattr(
        keeper_module, "submit_batch", lambda batch_id, *, stage: batch_ids.append(batch_id)
    )
    return batch_ids


@pytest.fixture
def keeping(worker_context: WorkerContext) -> Iterator[threading.Event]:
    """A keeper at work in this process; the event ends it."""
    stopping = threading.Event()
    thread = threading.Thread(target=keep, args=(worker_context, stopping), daemon=True)
    thread.start()
    yield stopping
    stopping.set()
    thread.join(timeout=10)
    assert not thread.is_alive()


def accept(store: Store, *, batches: int = 1) -> list[UUID]:
    return [
        accept_actions(store, actions=[make_action()], reply_to=None).batches[0].batch_id
        for _ in range(batches)
    ]


def stall(store: Store, *, looks: int = 0) -> None:
    """Make every batch due for a look, as if it had been looked at `looks` times."""
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE action_batches SET looks = :looks,"
                " next_look_at = clock_timestamp() - interval '1 second'"
            ),
            {"looks": looks},
        )


def list_stages(store: Store) -> list[str]:
    with store.write() as connection:
        rows = connection.execute(text("SELECT stage FROM action_batches ORDER BY created_at"))
        return list(rows.scalars())


def test_a_batch_gets_a_message_first_and_is_run_when_that_did_not_help(
    worker_context: WorkerContext, submitted: list[UUID]
) -> None:
    keeper = Keeper(worker_context)
    (batch_id,) = accept(worker_context.store)
    keeper.watch.run_due()
    assert submitted == []
    stall(worker_context.store)
    keeper.watch.run_due()
    assert submitted == [batch_id]
    assert list_stages(worker_context.store) == [Stage.ACCEPTED]
    stall(worker_context.store, looks=1)
    keeper.watch.run_due()
    assert submitted == [batch_id]
    assert list_stages(worker_context.store) == [Stage.DONE]


def test_one_refused_message_is_enough_to_run_all_of_a_sweep(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[UUID] = []

    def refuse(batch_id: UUID, *, stage: Stage) -> None:
        refused.append(batch_id)
        raise RedisUnavailableError

    monkeypatch.setattr(keeper_module, "submit_batch", refuse)
    batch_ids = accept(worker_context.store, batches=5)
    stall(worker_context.store)
    Keeper(worker_context).watch.run_due()
    assert refused == batch_ids[:1]
    assert list_stages(worker_context.store) == [Stage.DONE] * 5


def test_a_batch_that_cannot_be_treated_does_not_delay_the_others(
    worker_context: WorkerContext, submitted: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_ids = accept(worker_context.store, batches=3)
    stall(worker_context.store, looks=1)
    run = Keeper._run

    def run_but_one(self: Keeper, batch: Any) -> None:
        if batch.batch_id == batch_ids[0]:
            raise LookupError("not expected")
        run(self, batch)

    monkeypatch.setattr(Keeper, "_run", run_but_one)
    Keeper(worker_context).watch.run_due()
    assert list_stages(worker_context.store) == [Stage.ACCEPTED, Stage.DONE, Stage.DONE]


def test_a_poisoned_action_ends_failed_and_its_neighbours_do_not(
    worker_context: WorkerContext, submitted: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    actions = [make_action(score=score) for score in (10, 666, 20)]
    accept_actions(store, actions=actions, reply_to=None)
    screen = chain.RUNNERS[SCREEN]

    def screen_what_is_sound(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
        with context.store.write() as connection:
            scores = connection.execute(
                text("SELECT score_delta FROM pending_actions WHERE batch_id = :id"),
                {"id": batch_id},
            ).scalars()
            if 666 in set(scores):
                raise ValueError("poison")
        return screen(context, batch_id)

    monkeypatch.setitem(chain.RUNNERS, SCREEN, screen_what_is_sound)
    keeper = Keeper(worker_context)
    for look in range(10):
        stall(store, looks=look)
        keeper.watch.run_due()
        keeper.upkeep.run_due()
    assert sorted(list_stages(store)) == [Stage.DONE] * 3 + [Stage.SPLIT]
    with store.write() as connection:
        rows = connection.execute(text("SELECT score_delta, status FROM user_actions")).all()
        audited = connection.execute(text("SELECT count(*) FROM audit_log")).scalar_one()
    assert {row.score_delta: row.status for row in rows} == {
        10: "applied",
        20: "applied",
        666: "failed",
    }
    assert audited == 3


def test_the_parts_of_a_batch_that_kills_are_left_to_the_workers_at_first(
    worker_context: WorkerContext, submitted: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    accept_actions(store, actions=[make_action(), make_action()], reply_to=None)
    ran: list[UUID] = []
    monkeypatch.setattr(Keeper, "_run", lambda _, batch: ran.append(batch.batch_id))
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET attempts = 2"))
    stall(store, looks=1)
    Keeper(worker_context).watch.run_due()
    assert (len(submitted), ran) == (2, [])
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET attempts = 2"))
    stall(store, looks=9)
    Keeper(worker_context).watch.run_due()
    assert sorted(ran) == sorted(submitted), "no worker consumed them"


def test_a_keeper_that_dies_of_a_batch_spends_looks_on_few_others(
    worker_context: WorkerContext, submitted: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Death(BaseException):
        """What nothing in the keeper catches."""

    def die(_context: WorkerContext, _batch_id: UUID) -> LinkOutcome:
        raise Death

    monkeypatch.setitem(chain.RUNNERS, SCREEN, die)
    batch_ids = accept(worker_context.store, batches=CLAIM_LIMIT + 5)
    stall(worker_context.store, looks=1)
    with pytest.raises(Death):
        Keeper(worker_context).watch.run_due()
    due = claim_stalled_batches(worker_context.store)
    assert {batch.looks for batch in due} == {2}
    assert len(due) == len(batch_ids) - CLAIM_LIMIT, "they are due for the keeper that follows"


def test_a_failing_duty_stops_no_other_and_is_tried_again() -> None:
    done: list[str] = []

    def breaks() -> None:
        done.append("breaks")
        raise LookupError("a bug")

    def is_put_off() -> None:
        done.append("is_put_off")
        raise DatabaseUnavailableError

    def works() -> None:
        done.append("works")

    duties = DutySchedule([(0.0, breaks), (3600.0, is_put_off), (3600.0, works)])
    duties.run_due()
    duties.run_due()
    assert done == ["breaks", "is_put_off", "works", "breaks", "is_put_off"]
    duties.make_due(works)
    duties.run_due()
    assert done[-1] == "works"


def test_a_long_rebuild_does_not_delay_batches(
    worker_context: WorkerContext,
    submitted: list[UUID],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    rebuilding, go_on = threading.Event(), threading.Event()

    def rebuild_for_long(_store: Store, *, board: BoardId) -> bool:
        rebuilding.set()
        return go_on.wait(30)

    monkeypatch.setattr(keeper_module, "rebuild_board", rebuild_for_long)
    accept(worker_context.store)
    request.addfinalizer(go_on.set)
    request.getfixturevalue("keeping")
    assert rebuilding.wait(10)
    stall(worker_context.store, looks=1)
    wait_until(lambda: list_stages(worker_context.store) == [Stage.DONE])
    assert not go_on.is_set()
    go_on.set()


def test_the_keeper_rebuilds_a_lost_board_and_repairs_what_is_behind(
    worker_context: WorkerContext, submitted: list[UUID]
) -> None:
    store = worker_context.store
    keeper = Keeper(worker_context)
    keeper.upkeep.run_due()
    assert boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    complete_actions(worker_context, [make_action(score=70), make_action(score=50)])
    standings = read_top(store, board=GLOBAL_BOARD).standings
    store.redis.run(lambda client: client.flushdb())
    keeper.upkeep.run_due()
    assert boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    assert read_top(store, board=GLOBAL_BOARD).standings == standings


def test_batches_that_the_keeper_alone_ran_hold_every_invariant(
    worker_context: WorkerContext, submitted: list[UUID]
) -> None:
    keeper = Keeper(worker_context)
    accept(worker_context.store, batches=4)
    stall(worker_context.store, looks=1)
    keeper.watch.run_due()
    keeper.upkeep.run_due()
    reports = verify(
        worker_context.store, archive_path=worker_context.settings.archive_path, wait_seconds=0
    )
    assert [report.findings for report in reports if not report.holds] == []


def test_the_keeper_removes_a_board_that_was_deleted(
    worker_context: WorkerContext, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_upkeep, "READERS_SECONDS", 0.0)
    made = create_board(store, document={"id": "run"})
    delete_board(store, board=made.board, revisions=None, archive=False)
    BoardUpkeep(worker_context, lambda: True).run_due()
    assert [found.board for found in list_boards(store)] == [GLOBAL_BOARD]
