"""What the keeper does when time passes on boards: periods close, buckets leave, old ones go."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import structlog

from domain.rankings.closing.closing import ClosedRanking, announce, close_changed, close_due
from domain.rankings.closing.expiry import expire_buckets
from domain.rankings.closing.removal import remove_old_periods
from domain.rankings.closing.resting import RestingRankings
from domain.store.postgres.rankings.closing.seals import read_overdue_seconds
from domain.store.store import Store
from workers import metrics

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
CHANGED_SECONDS = 10.0
EXPIRE_SECONDS = 15.0
REMOVE_SECONDS = 60.0


class PeriodDuties:
    """The duties of time; while there is no board they cost one look every LOOK_SECONDS."""

    def __init__(self, store: Store):
        self._store = store
        self._has_boards = False
        self._resting = RestingRankings()

    @property
    def duties(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """The duties with their pauses in seconds, for a schedule."""
        return [
            (LOOK_SECONDS, self.look_for_boards),
            (0.0, self.close_periods),
            (CHANGED_SECONDS, self.seal_changes),
            (EXPIRE_SECONDS, self.expire_rolling),
            (REMOVE_SECONDS, self.remove_periods),
        ]

    def look_for_boards(self) -> None:
        """Find out whether there is any board, and how long a seal is overdue."""
        with self._store.write() as connection:
            overdue = read_overdue_seconds(connection)
        self._has_boards = overdue is not None
        metrics.periods_overdue.set(overdue or 0.0)

    def close_periods(self) -> None:
        """Seal the rankings whose periods are over."""
        if self._has_boards:
            self._tell(close_due(self._store, resting=self._resting))

    def seal_changes(self) -> None:
        """Seal further revisions of rankings that late decisions have changed."""
        if self._has_boards:
            self._tell(close_changed(self._store, resting=self._resting))

    def expire_rolling(self) -> None:
        """Let the buckets that have left their windows no longer count."""
        if self._has_boards:
            for chunk in expire_buckets(self._store):
                metrics.players_expired.inc(chunk.players)

    def remove_periods(self) -> None:
        """Remove the closed periods that boards do not keep."""
        if self._has_boards and (removed := remove_old_periods(self._store)):
            metrics.rankings_removed.inc(removed)
            logger.info("old periods removed", rankings=removed)

    def _tell(self, closed_rankings: Iterable[ClosedRanking]) -> None:
        for closed in closed_rankings:
            begun, seal = closed.begun, closed.seal
            metrics.period_seals.labels("first" if seal.revision == 1 else "further").inc()
            metrics.rewards_granted.inc(closed.rewards)
            logger.info(
                "period closed",
                board=begun.board,
                period=begun.period_key,
                segment=begun.segment,
                revision=seal.revision,
                rows=seal.digest.rows,
                rewards=closed.rewards,
                seconds=(seal.sealed_at - begun.period_end).total_seconds(),
            )
            announce(self._store, closed=closed, now=datetime.now(UTC))
