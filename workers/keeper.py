"""The keeper: every second it finishes stalled batches, with PostgreSQL alone if need be.

Run as `python -m workers.keeper`. Of several keepers one works at a time, by advisory lock. It also
rebuilds and compares the board, makes the partitions of the months to come, signs the audit log,
closes periods, ends bans, and builds and keeps the boards that are data.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import FrameType

import structlog

from domain.actions.chain import list_links_from
from domain.actions.model import LinkOutcome
from domain.actions.recovery import (
    COUNTED_STAGES,
    LOOKS_FOR_WORKERS,
    Remedy,
    choose_remedy,
    isolate,
    sweep_stalled_batches,
)
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import compare_board, rebuild_board
from domain.errors import RedisUnavailableError, TransientError
from domain.logs import configure_logging
from domain.store.health import warn_of_eviction
from domain.store.postgres.actions.batches import Batch, find_batch
from domain.store.postgres.actions.queue_age import read_queue_age_seconds
from domain.store.postgres.advisory_locks import AdvisoryLock
from domain.store.postgres.heartbeats import beat
from domain.store.postgres.leadership import Leadership
from domain.store.redis import boards
from workers import gauges, metrics
from workers.broker import submit_batch
from workers.chain import run_link
from workers.context import WorkerContext, get_context
from workers.duties import DutySchedule
from workers.process.background import BackgroundThread
from workers.process.garbage_collector import tune_garbage_collector
from workers.process.startup import exit_on_bad_settings
from workers.upkeep.bans import BanDuties
from workers.upkeep.batch_tables import BatchTableDuties
from workers.upkeep.boards import BoardUpkeep
from workers.upkeep.checkpoints import CheckpointDuties
from workers.upkeep.fraud import FraudDuties
from workers.upkeep.periods import PeriodDuties

logger = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0
MEASURE_SECONDS = 5.0
COMPARE_SECONDS = 600.0
FOLLOW_SECONDS = 5.0
# The keeper alone does the work of all batches that are due: less than a worker's patience.
LOCK_WAIT_MS = 50


class Keeper:
    """The watch over batches, run every second; the upkeep and the periods may take longer."""

    def __init__(self, context: WorkerContext):
        self._context = replace(context, lock_wait_ms=LOCK_WAIT_MS, takes_stalled=True)
        self.watch = DutySchedule([(0.0, self._beat), (0.0, self._finish_stalled)])
        self.upkeep = DutySchedule(
            [
                (FOLLOW_SECONDS, self._follow_primary),
                (0.0, self._rebuild),
                (MEASURE_SECONDS, self._count_held),
                (MEASURE_SECONDS, self._measure_queues),
                *BatchTableDuties(self._context.store).duties,
                *CheckpointDuties(self._context.store, self._context.settings).duties,
                *FraudDuties(self._context.store).duties,
                (COMPARE_SECONDS, self._compare),
            ]
        )
        self.periods = DutySchedule(
            [*BanDuties(self._context).duties, *PeriodDuties(self._context.store).duties]
        )

    def _beat(self) -> None:
        with self._context.store.write() as connection:
            beat(connection, process="keeper")
            metrics.queue_age.set(read_queue_age_seconds(connection))

    def _finish_stalled(self) -> None:
        broker_usable = self._context.store.redis.usable
        for batch in sweep_stalled_batches(self._context.store):
            remedy = choose_remedy(batch, broker_usable=broker_usable)
            if remedy is Remedy.RESUBMIT and not _resubmit(batch):
                # One refusal is enough: a hundred timeouts in a row would delay every batch.
                broker_usable = False
                remedy = choose_remedy(batch, broker_usable=broker_usable)
            self._treat(batch, remedy)

    def _treat(self, batch: Batch, remedy: Remedy) -> None:
        metrics.recoveries.labels(remedy).inc()
        logger.info(
            "batch stalled",
            batch_id=str(batch.batch_id),
            stage=batch.stage,
            attempts=batch.attempts,
            looks=batch.looks,
            remedy=remedy,
        )
        try:
            if remedy is Remedy.ISOLATE:
                self._isolate(batch)
            elif remedy is Remedy.RUN:
                self._run(batch)
        except TransientError as error:
            logger.warning(
                "batch put off", batch_id=str(batch.batch_id), cause=type(error).__name__
            )
        except Exception:  # the batches after it must not suffer
            logger.exception("batch not treated", batch_id=str(batch.batch_id))

    def _isolate(self, batch: Batch) -> None:
        """Split a batch and leave its parts to the workers, so that poison kills no keeper.

        The keeper runs the parts itself when the workers have not finished them after some looks.
        """
        broker_usable = self._context.store.redis.usable and batch.looks <= LOOKS_FOR_WORKERS
        for batch_id in isolate(self._context.store, batch=batch):
            with self._context.store.write() as connection:
                part = find_batch(connection, batch_id=batch_id)
            if part is None:
                continue
            if broker_usable and part.stage in COUNTED_STAGES:
                broker_usable = _resubmit(part)
                if broker_usable:
                    continue
            self._run(part)

    def _run(self, batch: Batch) -> None:
        """Run the rest of the chain here until a link fails. Raises TransientError."""
        for link in list_links_from(batch.stage):
            try:
                outcome = run_link(self._context, link=link, batch_id=batch.batch_id)
            except TransientError:
                raise
            except Exception:  # poison must not stop the keeper
                logger.exception("link failed", batch_id=str(batch.batch_id), link=link.name)
                return
            if outcome is LinkOutcome.NOT_ITS_TURN:
                return

    def _follow_primary(self) -> None:
        """Close the connections to an old primary; raises RedisUnavailableError."""
        self._context.store.redis.find_server()

    def _rebuild(self) -> None:
        if boards.is_board_trusted(self._context.store.redis, board=GLOBAL_BOARD):
            return
        started = time.monotonic()
        complete = rebuild_board(self._context.store, board=GLOBAL_BOARD)
        metrics.board_rebuilds.inc()
        logger.info("board rebuilt", complete=complete, seconds=time.monotonic() - started)
        self.upkeep.make_due(self._compare)

    def _compare(self) -> None:
        comparison = compare_board(self._context.store, board=GLOBAL_BOARD)
        if comparison.repaired:
            metrics.board_repairs.inc(comparison.repaired)
            logger.warning("board repaired", users=comparison.users, repaired=comparison.repaired)
        if not comparison.is_sound:
            logger.error("board not trusted", users=comparison.users)

    def _count_held(self) -> None:
        gauges.measure_held_actions(self._context.store)

    def _measure_queues(self) -> None:
        gauges.measure_queues(self._context.store)


def _resubmit(batch: Batch) -> bool:
    """Send a new message for the batch; return False when the broker does not take it."""
    try:
        submit_batch(batch.batch_id, stage=batch.stage)
    except RedisUnavailableError:
        return False
    return True


def keep(context: WorkerContext, stopping: threading.Event) -> None:
    """Run all duties that are due every second until `stopping` is set, while this process leads.

    Upkeep, periods and boards run on threads of their own: rebuilding a large board takes longer
    than a stalled batch may wait, or a bucket that leaves, and so does sealing or building one.
    """
    keeper = Keeper(context)
    leadership = Leadership(context.store.engine, AdvisoryLock.KEEPER)
    leads = threading.Event()

    def run_while_leading(schedule: DutySchedule) -> None:
        if leads.is_set():
            schedule.run_due()

    upkeep_of_boards = BoardUpkeep(context, lambda: leads.is_set() and not stopping.is_set())
    steps: dict[str, Callable[[], None]] = {
        "upkeep": partial(run_while_leading, keeper.upkeep),
        "periods": partial(run_while_leading, keeper.periods),
        "boards": upkeep_of_boards.run_due,
    }
    threads = [
        BackgroundThread(name, step, every_seconds=SWEEP_SECONDS) for name, step in steps.items()
    ]
    for thread in threads:
        thread.start()
    while not stopping.wait(SWEEP_SECONDS):
        if leadership.hold():
            leads.set()
            keeper.watch.run_due()
        else:
            leads.clear()
    for thread in threads:
        thread.stop()
    leadership.release()


def main() -> int:
    """Run the keeper until SIGTERM or SIGINT."""
    with exit_on_bad_settings():
        context = get_context()
    configure_logging(context.settings, context.settings.laurel_process or "keeper")
    metrics.watch_store(context.store)
    warn_of_eviction(context.store.redis)
    tune_garbage_collector()
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    keep(context, stopping)
    return 0


if __name__ == "__main__":
    sys.exit(main())
