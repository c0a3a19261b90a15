"""The rows that a process's last batches have written, so that *refresh* need not read them again.

A process that has just scored a batch mostly refreshes it too. Older rows than those stored harm
nobody: the script that writes them refuses old versions, and remembers removed players for longer
than rows are kept here.
"""

from collections.abc import Mapping, Sequence
from threading import Lock
from time import monotonic
from uuid import UUID

from domain.store.redis.rankings import RowWrite

KEPT_SECONDS = 30.0
MOST_BATCHES = 64

RowsByRanking = Mapping[int, Sequence[RowWrite]]


class WrittenRows:
    """Rows by batch; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._batches: dict[UUID, tuple[float, RowsByRanking]] = {}

    def keep(self, batch_id: UUID, rows: RowsByRanking, *, now: float | None = None) -> None:
        """Keep what a committed transaction has written; the oldest batch makes room."""
        with self._lock:
            while len(self._batches) >= MOST_BATCHES:
                del self._batches[next(iter(self._batches))]
            self._batches[batch_id] = (monotonic() if now is None else now, rows)

    def take(self, batch_id: UUID, *, now: float | None = None) -> RowsByRanking | None:
        """Return a batch's rows and forget them; None for those not kept, or kept too long ago."""
        with self._lock:
            kept_at, rows = self._batches.pop(batch_id, (0.0, None))
        is_fresh = (monotonic() if now is None else now) - kept_at <= KEPT_SECONDS
        return rows if is_fresh else None
