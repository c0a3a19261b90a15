"""The keeper's upkeep of bans: those whose time is over end, and Redis is told what it missed."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from domain.moderation.showing import show_overdue_bans
from domain.moderation.unbanning import end_due_bans
from workers.context import WorkerContext

logger = structlog.get_logger(__name__)

END_SECONDS = 1.0
SHOW_SECONDS = 2.0
# A file of an archive that is missing is still missing a second later.
REST_SECONDS = 30.0


class BanDuties:
    """The duties of bans; without a ban they cost two looks into an empty index."""

    def __init__(self, context: WorkerContext):
        self._store = context.store
        self._archive_path = context.settings.archive_path
        self._resting: dict[int, float] = {}

    @property
    def duties(self) -> Sequence[tuple[float, Callable[[], None]]]:
        """The duties with their pauses in seconds, for a schedule."""
        return [(END_SECONDS, self.end_bans), (SHOW_SECONDS, self.show_bans)]

    def end_bans(self) -> None:
        """End the bans whose time is over."""
        now = time.monotonic()
        self._resting = {number: until for number, until in self._resting.items() if until > now}
        due = end_due_bans(
            self._store,
            archive_path=self._archive_path,
            now=datetime.now(UTC),
            but=self._resting.keys(),
        )
        self._resting |= dict.fromkeys(due.unreadable, now + REST_SECONDS)

    def show_bans(self) -> None:
        """Bring Redis to what is stored of bans, where a crash or an outage has kept it from it."""
        if shown := show_overdue_bans(self._store, now=datetime.now(UTC)):
            logger.info("bans shown late", bans=shown)
