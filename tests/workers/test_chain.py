"""The chain through a real Celery worker and a real broker."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from domain.actions.chain import Stage
from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import read_top
from domain.store.redis import keys
from domain.store.store import Store
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.waiting import wait_until
from tests.workers.conftest import StartWorker
from workers.broker import submit_batch
from workers.celery import app
from workers.context import WorkerContext


def accept(store: Store, actions: Sequence[NewAction]) -> UUID:
    return accept_actions(store, actions=actions, reply_to=None).batches[0].batch_id


def list_stages(store: Store) -> list[str]:
    with store.write() as connection:
        rows = connection.execute(text("SELECT stage FROM action_batches ORDER BY created_at"))
        return list(rows.scalars())


def test_a_worker_takes_every_batch_from_accepted_to_done_whatever_else_is_in_its_queue(
    start_worker: StartWorker, worker_context: WorkerContext
) -> None:
    store = worker_context.store
    actions = [make_action(score=number) for number in range(1, 31)]
    batch_ids = [accept(store, actions[start : start + 10]) for start in (0, 10, 20)]
    send_rubbish(store, batch_ids[0])
    for batch_id in batch_ids:
        for _ in range(3):
            submit_batch(batch_id)
    submit_batch(batch_ids[1], stage=Stage.REFRESHED)
    worker = start_worker()
    wait_until(lambda: list_stages(store) == [Stage.DONE] * 3, timeout_seconds=30)
    queue = keys.broker_prefix() + "actions"
    wait_until(lambda: store.redis.run(lambda client: client.llen(queue)) == 0)
    assert worker.exit_code is None
    assert [row.score for row in read_top(store, board=GLOBAL_BOARD).standings] == list(
        range(30, 0, -1)
    )
    home = worker_context.settings.archive_path
    reports = verify(store, archive_path=home, wait_seconds=5)
    assert [report.findings for report in reports if not report.holds] == []


def send_rubbish(store: Store, batch_id: UUID) -> None:
    """Put into the queue what no publisher of ours would send."""
    app.send_task("workers.tasks.no_such_task", kwargs={"batch_id": str(batch_id)})
    app.send_task("workers.tasks.screen_batch", kwargs={"batch_id": "no-uuid"})
    app.send_task("workers.tasks.screen_batch", kwargs={})
    app.send_task("workers.tasks.screen_batch", args=[str(batch_id)])
    app.send_task(
        "workers.tasks.screen_batch",
        kwargs={"batch_id": str(batch_id), "of_a_newer_publisher": "x" * 1_000_000},
    )
    app.send_task(
        "workers.tasks.screen_batch",
        kwargs={"batch_id": "00000000-0000-4000-8000-000000000000"},
    )
