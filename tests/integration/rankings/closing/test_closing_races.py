"""Closing beside scoring: whatever interleaves, each revision is what it was when it began."""

import random
import threading
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import TransientError
from domain.rankings.closing.closing import close_changed, close_due
from domain.store.store import Store
from domain.verification.seals import check_seals
from tests.factories import make_action
from tests.intakes import fetch
from tests.integration.rankings.closing.sealed_boards import make_board, read_rewards, read_seals
from tests.pipeline import complete_actions, finish_batch
from tests.waiting import run_in_threads
from workers.context import WorkerContext

PLAYERS = [uuid4() for _ in range(12)]
BATCHES = 60


def close_all(store: Store, stopping: threading.Event) -> None:
    """Close what is due and what has changed, again and again."""
    while not stopping.is_set():
        try:
            list(close_due(store))
            list(close_changed(store, pause_seconds=0))
        except TransientError:
            continue


def read_order(store: Store) -> list[tuple[UUID, int]]:
    rows = fetch(store, "SELECT user_id, value FROM ranking_rows ORDER BY sort_key, user_id")
    return [(row.user_id, row.value) for row in rows]


@pytest.mark.parametrize("aggregate", ["sum", "best"])
def test_revisions_that_are_sealed_while_batches_are_scored_all_hold(
    worker_context: WorkerContext, aggregate: str
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    make_board(store, aggregate=aggregate, rewards=[{"ranks": [1, 1], "reward": "gold"}])
    dice = random.Random(5)
    complete_actions(worker_context, [make_action(user_id=user, score=1) for user in PLAYERS[:6]])
    with store.write() as connection:
        # From now on every batch is a late decision on a period that is over.
        connection.execute(
            text("UPDATE rankings SET period_end = clock_timestamp() - interval '90 seconds'")
        )
    assert len(list(close_due(store))) == 1
    batches = iter(
        [
            accept_actions(
                store,
                actions=[
                    make_action(user_id=user, score=dice.randrange(1, 50))
                    for user in dice.sample(PLAYERS, 4)
                ],
                reply_to=None,
            )
            .batches[0]
            .batch_id
            for _ in range(BATCHES)
        ]
    )
    mutex, stopping = threading.Lock(), threading.Event()

    def score() -> None:
        while True:
            with mutex:
                batch_id = next(batches, None)
            if batch_id is None:
                return
            finish_batch(worker_context, batch_id)

    closers = [threading.Thread(target=close_all, args=(store, stopping)) for _ in range(2)]
    for closer in closers:
        closer.start()
    try:
        run_in_threads(score, count=3)
    finally:
        stopping.set()
        for closer in closers:
            closer.join(timeout=20)
    list(close_due(store))
    list(close_changed(store, pause_seconds=0))
    with store.write() as connection:
        assert list(check_seals(connection, limit=20)) == []
    seals = read_seals(store)
    assert [revision for _, revision, _ in seals] == list(range(1, len(seals) + 1))
    assert len(seals) > 1
    assert len(read_rewards(store)) == 1
    kept = fetch(
        store, "SELECT 1 FROM ranking_row_revisions WHERE until_revision >= :last", last=len(seals)
    )
    assert kept == [], "nothing has changed since the last seal"
    assert seals[-1][2] == len(read_order(store)) == len(PLAYERS)
