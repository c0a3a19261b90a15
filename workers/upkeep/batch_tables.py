"""The keeper's upkeep of the tables of batches and actions: partitions to come, unknown batches."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from domain.store.postgres.actions.queue_age import count_unknown_batches
from domain.store.postgres.partitions import ensure_partitions
from domain.store.store import Store

logger = structlog.get_logger(__name__)

UNKNOWN_SECONDS = 60.0
PARTITION_SECONDS = 3600.0


class BatchTableDuties:
    """The duties of these tables."""

    def __init__(self, store: Store):
        self._store = store

    @property
    def duties(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """The duties with their pauses in seconds, for a schedule."""
        return [
            (PARTITION_SECONDS, self.make_partitions),
            (UNKNOWN_SECONDS, self.report_unknown),
        ]

    def make_partitions(self) -> None:
        """Make the partitions of the months to come."""
        with self._store.write() as connection:
            for name in ensure_partitions(connection, now=datetime.now(UTC)):
                logger.info("partition made", partition=name)

    def report_unknown(self) -> None:
        """Name the stages of batches that only a newer version of the program works on."""
        with self._store.write() as connection:
            for stage, batches in count_unknown_batches(connection).items():
                logger.warning("batches left alone", stage=stage, batches=batches)
