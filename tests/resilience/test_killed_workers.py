"""A worker killed at any point of a link: the rest of the chain happens exactly once."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from domain.actions.chain import CHAIN, Link, list_finished_stages
from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.store.redis import keys
from domain.store.store import Store
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.waiting import wait_until
from tests.workers.conftest import StartWorker, Supervise
from tests.workers.killing import POINTS
from tests.workers.sabotage import POISON_SCORE
from workers.broker import submit_batch
from workers.context import WorkerContext
from workers.keeper import keep

pytestmark = pytest.mark.slow

# Promised in docs/reliability.md.
RECOVERY_SECONDS = 15
POISON_SECONDS = 60


@pytest.fixture
def start_keeper(worker_context: WorkerContext, broker: None) -> Iterator[Callable[[], None]]:
    """A function that starts a keeper in this process."""
    stopping = threading.Event()
    thread = threading.Thread(target=keep, args=(worker_context, stopping), daemon=True)
    yield thread.start
    stopping.set()
    thread.join(timeout=10)
    assert not thread.is_alive()


def accept(store: Store, *scores: int) -> UUID:
    actions = [make_action(score=score) for score in scores]
    return accept_actions(store, actions=actions, reply_to="a-web-process").batches[0].batch_id


def list_unfinished(store: Store) -> list[str]:
    with store.write() as connection:
        rows = connection.execute(
            text("SELECT stage FROM action_batches WHERE stage NOT IN ('done', 'split')")
        )
        return list(rows.scalars())


def list_next(link: Link) -> list[str]:
    """Return the stage after this link; nothing when the batch is then finished."""
    return [] if link.after in list_finished_stages() else [link.after]


def list_statuses(store: Store) -> dict[int, str]:
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT score_delta, status FROM user_actions"
                " UNION ALL SELECT score_delta, status FROM pending_actions"
            )
        )
        return {row.score_delta: row.status for row in rows}


def read_published_scores(store: Store) -> list[list[int]]:
    """Return the scores of the actions in each message on the bus."""
    entries: Any = store.redis.run(lambda client: client.xrange(keys.bus_stream(GLOBAL_BOARD)))
    published = [orjson.loads(fields["m"])["actions"] for _, fields in entries]
    return [[action[4] for action in actions] for actions in published]


def find_broken(context: WorkerContext) -> list[tuple[str, ...]]:
    home = context.settings.archive_path
    reports = verify(context.store, archive_path=home, wait_seconds=5)
    return [report.findings for report in reports if not report.holds]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("link", CHAIN, ids=lambda link: link.name)
def test_a_worker_killed_in_a_link_leaves_one_effect(
    start_worker: StartWorker,
    worker_context: WorkerContext,
    start_keeper: Callable[[], None],
    link: Link,
    point: str,
) -> None:
    store = worker_context.store
    doomed = start_worker({"LAUREL_TEST_CRASH": f"{link.name}:{point}"})
    submit_batch(accept(store, 10, 20, 30))
    assert doomed.wait(20) == -signal.SIGKILL
    killed_at = time.monotonic()
    has_moved = point in ("after_commit", "next_published")
    assert list_unfinished(store) == ([link.before] if not has_moved else list_next(link))
    start_keeper()
    start_worker()
    left_seconds = killed_at + RECOVERY_SECONDS - time.monotonic()
    wait_until(lambda: not list_unfinished(store), timeout_seconds=left_seconds)
    assert list_statuses(store) == {10: "applied", 20: "applied", 30: "applied"}
    assert read_published_scores(store) == [[10, 20, 30]], "one message has all of them"
    assert find_broken(worker_context) == []


def test_a_poison_action_fails_and_other_actions_are_applied(
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
