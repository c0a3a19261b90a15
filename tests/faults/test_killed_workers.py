"""A worker that is killed at any line of a link: the rest happens, and exactly once."""

import signal
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.actions.model import Stage
from domain.store.connections import Store
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.waiting import wait_until
from tests.workers.conftest import StartWorker, Supervise
from tests.workers.sabotage import POINTS, POISON_SCORE
from workers.context import WorkerContext
from workers.keeper import keep
from workers.pipeline import submit_batch

pytestmark = pytest.mark.slow

# The promise is 15 s; twice that, because the machine of a test may be busy with others.
RECOVERY_SECONDS = 30
POISON_SECONDS = 60


@pytest.fixture
def keeping(worker_context: WorkerContext, broker: None) -> Iterator[None]:
    """A keeper at work in this process."""
    stopping = threading.Event()
    thread = threading.Thread(target=keep, args=(worker_context, stopping), daemon=True)
    thread.start()
    yield
    stopping.set()
    thread.join(timeout=10)
    assert not thread.is_alive()


def accept(store: Store, *scores: int) -> UUID:
    actions = [make_action(score=score) for score in scores]
    return accept_actions(store, actions=actions, origin=None).batches[0].batch_id


def list_unfinished(store: Store) -> list[str]:
    with store.begin() as connection:
        rows = connection.execute(
            text("SELECT stage FROM action_batches WHERE stage NOT IN ('done', 'split')")
        )
        return list(rows.scalars())


def list_statuses(store: Store) -> dict[int, str]:
    with store.begin() as connection:
        rows = connection.execute(text("SELECT score_delta, status FROM user_actions"))
        return {row.score_delta: row.status for row in rows}


def find_broken(context: WorkerContext) -> list[tuple[str, ...]]:
    home = context.settings.archive_path
    reports = verify(context.store, archive_path=home, wait_seconds=5)
    return [report.findings for report in reports if not report.holds]


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_while_it_scores_leaves_one_effect(
    start_worker: StartWorker,
    worker_context: WorkerContext,
    keeping: None,
    point: str,
) -> None:
    store = worker_context.store
    doomed = start_worker({"LAUREL_TEST_CRASH": f"{Stage.SCREENED}:{point}"})
    submit_batch(accept(store, 10, 20, 30))
    assert doomed.wait(20) == -signal.SIGKILL
    start_worker()
    wait_until(lambda: not list_unfinished(store), timeout_seconds=RECOVERY_SECONDS)
    assert list_statuses(store) == {10: "applied", 20: "applied", 30: "applied"}
    assert find_broken(worker_context) == []


def test_a_poison_that_kills_its_process_ends_failed_and_others_are_not_affected(
    supervise: Supervise, worker_context: WorkerContext
) -> None:
    store = worker_context.store
    faults = {"LAUREL_TEST_POISON": "1"}
    worker = supervise("worker", faults)
    supervise("keeper", faults)
    submit_batch(accept(store, 10, POISON_SCORE, 20))
    others = [accept(store, score) for score in (31, 32, 33)]
    for batch_id in others:
        submit_batch(batch_id)
    wait_until(lambda: not list_unfinished(store), timeout_seconds=POISON_SECONDS)
    assert list_statuses(store) == {
        10: "applied",
        20: "applied",
        31: "applied",
        32: "applied",
        33: "applied",
        POISON_SCORE: "failed",
    }
    assert worker.starts > 1
    assert find_broken(worker_context) == []
