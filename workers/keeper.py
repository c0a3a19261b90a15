"""The keeper: looks every second at what stands still and brings it on, by PostgreSQL alone.

A process of its own, `python -m workers.keeper`; one at work, by advisory lock.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import FrameType

import structlog

from domain.actions.model import LinkOutcome
from domain.actions.recovery import (
    COUNTED_STAGES,
    Remedy,
    choose_remedy,
    claim_stalled_batches,
    isolate,
)
from domain.boards.rebuild import compare_board, rebuild_board
from domain.errors import RedisUnavailableError, TransientError
from domain.logs import configure_logging
from domain.store.postgres.actions.batches import Batch, find_batch, read_queue_age_seconds
from domain.store.postgres.advisory_locks import AdvisoryLock
from domain.store.postgres.heartbeats import beat
from domain.store.postgres.leadership import Leadership
from domain.store.postgres.partitions import ensure_partitions
from domain.store.redis import boards
from workers import metrics
from workers.broker import publish_quickly, submit_batch
from workers.chain import LINKS, run_link
from workers.context import WorkerContext, get_context
from workers.garbage_collector import tune_garbage_collector
from workers.startup import exit_on_bad_settings

logger = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0
COMPARE_SECONDS = 600.0
PARTITION_SECONDS = 3600.0
LOOKS_FOR_WORKERS = 3


class Round:
    """Duties done one after another, each when its time has come."""

    def __init__(self, duties: Sequence[tuple[float, Callable[[], None]]]):
        self._duties = duties
        self._due = dict.fromkeys((duty.__name__ for _, duty in duties), 0.0)

    def go(self) -> None:
        """Do what is due; a store that is away puts a duty off, a duty that fails stops no other.

        What failed for good is tried again after its pause.
        """
        for pause_seconds, duty in self._duties:
            if time.monotonic() < self._due[duty.__name__]:
                continue
            try:
                duty()
            except TransientError as error:
                logger.warning("duty put off", duty=duty.__name__, cause=type(error).__name__)
                continue
            except Exception:  # the other duties do not depend on this one
                logger.exception("duty failed", duty=duty.__name__)
            self._due[duty.__name__] = time.monotonic() + pause_seconds

    def hasten(self, duty: Callable[[], None]) -> None:
        """Make a duty due now."""
        self._due[duty.__name__] = 0.0


class Keeper:
    """What is done every second, and the upkeep beside it, which may take its time."""

    def __init__(self, context: WorkerContext):
        self._context = context
        self.watch = Round([(0.0, self._pulse), (0.0, self._bring_on)])
        self.upkeep = Round(
            [
                (0.0, self._rebuild),
                (PARTITION_SECONDS, self._make_partitions),
                (COMPARE_SECONDS, self._compare),
            ]
        )

    def _pulse(self) -> None:
        with self._context.store.write() as connection:
            beat(connection, process="keeper")
            metrics.queue_age.set(read_queue_age_seconds(connection))

    def _bring_on(self) -> None:
        broker_usable = self._context.store.redis.usable
        for batch in claim_stalled_batches(self._context.store):
            remedy = choose_remedy(batch, broker_usable=broker_usable)
            if remedy is Remedy.RESUBMIT and not _resubmit(batch):
                # One attempt tells: a hundred time-outs in a row would keep everybody waiting.
                broker_usable = False
                remedy = choose_remedy(batch, broker_usable=broker_usable)
            self._treat(batch, remedy)

    def _treat(self, batch: Batch, remedy: Remedy) -> None:
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
            if remedy is Remedy.ISOLATE:
                self._isolate(batch)
            elif remedy is Remedy.RUN:
                self._run(batch)
        except TransientError as error:
            logger.warning(
                "batch put off", batch_id=str(batch.batch_id), cause=type(error).__name__
            )
        except Exception:  # the batches after it are not to blame
            logger.exception("batch not treated", batch_id=str(batch.batch_id))

    def _isolate(self, batch: Batch) -> None:
        """Take a batch apart and leave its parts to the workers, whom poison kills one at a time.

        Without the keeper nobody brings anything on; it tries them itself when that did not help.
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
        if boards.is_board_trusted(self._context.store.redis):
            return
        started = time.monotonic()
        complete = rebuild_board(self._context.store)
        metrics.board_rebuilds.inc()
        logger.info("board rebuilt", complete=complete, seconds=time.monotonic() - started)
        self.upkeep.hasten(self._compare)

    def _compare(self) -> None:
        comparison = compare_board(self._context.store)
        if comparison.repaired:
            metrics.board_repairs.inc(comparison.repaired)
            logger.warning("board repaired", users=comparison.users, repaired=comparison.repaired)
        if not comparison.is_sound:
            logger.error("board not trusted", users=comparison.users)

    def _make_partitions(self) -> None:
        with self._context.store.write() as connection:
            for name in ensure_partitions(connection, now=datetime.now(UTC)):
                logger.info("partition made", partition=name)


def _resubmit(batch: Batch) -> bool:
    """Send a new message for the batch; False when the broker does not take it."""
    try:
        submit_batch(batch.batch_id, stage=batch.stage)
    except RedisUnavailableError:
        return False
    return True


def keep(context: WorkerContext, stopping: threading.Event) -> None:
    """Watch every second until told to stop, while this process is the one at work.

    The upkeep has a thread of its own: a rebuild of a large board takes longer than a batch that
    stands still may wait.
    """
    keeper = Keeper(context)
    leadership = Leadership(context.store.engine, AdvisoryLock.KEEPER)
    leads = threading.Event()

    def keep_up() -> None:
        while not stopping.wait(SWEEP_SECONDS):
            if leads.is_set():
                keeper.upkeep.go()

    threading.Thread(target=keep_up, name="upkeep", daemon=True).start()
    while not stopping.wait(SWEEP_SECONDS):
        if leadership.hold():
            leads.set()
            keeper.watch.go()
        else:
            leads.clear()
    leadership.release()


def main() -> int:
    """Run the keeper until SIGTERM or SIGINT."""
    with exit_on_bad_settings():
        context = get_context()
    configure_logging(context.settings, context.settings.laurel_process or "keeper")
    metrics.watch_breaker(context.store.redis)
    publish_quickly()
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
