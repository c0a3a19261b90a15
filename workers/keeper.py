"""The keeper: looks every second at what stands still and brings it on, by PostgreSQL alone.

A process of its own, `python -m workers.keeper`; one at work, by advisory lock.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

import structlog

from domain.actions.model import LinkOutcome
from domain.actions.recovery import Remedy, choose_remedy, isolate, list_standing_batches
from domain.errors import SettingsError, TransientError
from domain.leaderboards.rebuild import compare_board, rebuild_board
from domain.logs import configure_logging
from domain.store import board
from domain.store.advisory_locks import AdvisoryLock
from domain.store.batches import Batch, find_batch, read_queue_age_seconds
from domain.store.heartbeats import beat
from domain.store.leadership import Leadership
from domain.store.partitions import ensure_partitions
from workers import metrics
from workers.context import WorkerContext, get_context
from workers.links import LINKS, run_link
from workers.pipeline import publish_quickly, submit_batch

logger = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0
COMPARE_SECONDS = 600.0
PARTITION_SECONDS = 3600.0


class Keeper:
    """What one sweep does, and what it does less often."""

    def __init__(self, context: WorkerContext):
        self._context = context
        self._duties: list[tuple[float, Callable[[], None]]] = [
            (0.0, self._pulse),
            (0.0, self._bring_on),
            (0.0, self._rebuild),
            (PARTITION_SECONDS, self._make_partitions),
            (COMPARE_SECONDS, self._compare),
        ]
        self._due = [0.0] * len(self._duties)

    def sweep(self) -> None:
        """Do every duty whose time has come; a store that is away delays it, nothing else."""
        for number, (pause_seconds, duty) in enumerate(self._duties):
            if time.monotonic() < self._due[number]:
                continue
            try:
                duty()
                self._due[number] = time.monotonic() + pause_seconds
            except TransientError as error:
                logger.warning("duty put off", duty=duty.__name__, cause=type(error).__name__)

    def _pulse(self) -> None:
        with self._context.store.begin() as connection:
            beat(connection, process="keeper")
            metrics.queue_age.set(read_queue_age_seconds(connection))

    def _bring_on(self) -> None:
        for batch in list_standing_batches(self._context.store):
            self._treat(batch)

    def _treat(self, batch: Batch) -> None:
        remedy = choose_remedy(batch, broker_usable=self._context.store.redis.usable)
        metrics.recoveries.labels(remedy).inc()
        logger.info(
            "batch stood still",
            batch_id=str(batch.batch_id),
            stage=batch.stage,
            attempts=batch.attempts,
            looks=batch.looks,
            remedy=remedy,
        )
        try:
            if remedy is Remedy.RESUBMIT:
                submit_batch(batch.batch_id, stage=batch.stage)
            elif remedy is Remedy.ISOLATE:
                self._isolate(batch)
            else:
                self._run(batch)
        except TransientError as error:
            logger.warning(
                "batch put off", batch_id=str(batch.batch_id), cause=type(error).__name__
            )

    def _isolate(self, batch: Batch) -> None:
        for batch_id in isolate(self._context.store, batch=batch):
            with self._context.store.begin() as connection:
                part = find_batch(connection, batch_id=batch_id)
            if part is not None:
                self._run(part)

    def _run(self, batch: Batch) -> None:
        """Run the rest of the chain here; an error that a worker would meet too ends this batch."""
        stages = list(LINKS)
        for stage in stages[stages.index(batch.stage) :] if batch.stage in LINKS else []:
            try:
                outcome = run_link(self._context, stage=stage, batch_id=batch.batch_id)
            except TransientError:
                raise
            except Exception:  # poison must not stop the keeper
                logger.exception("link failed", batch_id=str(batch.batch_id), stage=stage)
                return
            if outcome is LinkOutcome.NOT_ITS_TURN:
                return

    def _rebuild(self) -> None:
        if board.is_board_trusted(self._context.store.redis):
            return
        started = time.monotonic()
        complete = rebuild_board(self._context.store)
        metrics.board_rebuilds.inc()
        logger.info("board rebuilt", complete=complete, seconds=time.monotonic() - started)
        self._due[-1] = 0.0

    def _compare(self) -> None:
        comparison = compare_board(self._context.store)
        if comparison.repaired:
            metrics.board_repairs.inc(comparison.repaired)
            logger.warning("board repaired", users=comparison.users, repaired=comparison.repaired)

    def _make_partitions(self) -> None:
        with self._context.store.begin() as connection:
            for name in ensure_partitions(connection, now=datetime.now(UTC)):
                logger.info("partition made", partition=name)


def keep(context: WorkerContext, stopping: threading.Event) -> None:
    """Sweep every second until told to stop, while this process is the one at work."""
    keeper = Keeper(context)
    leadership = Leadership(context.store.engine, AdvisoryLock.KEEPER)
    while not stopping.wait(SWEEP_SECONDS):
        if leadership.hold():
            keeper.sweep()
    leadership.release()


def main() -> int:
    """Run the keeper until SIGTERM or SIGINT."""
    try:
        context = get_context()
    except SettingsError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    configure_logging(context.settings, os.environ.get("LAUREL_PROCESS", "keeper"))
    publish_quickly()
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    keep(context, stopping)
    return 0


if __name__ == "__main__":
    sys.exit(main())
