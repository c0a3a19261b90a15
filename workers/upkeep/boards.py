"""The keeper's upkeep of boards: versions are built, sorted sets rebuilt, and what is old removed.

Run on a thread of its own: a build takes as long as the ledger is. Without boards it is one
statement a second.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from domain.errors import (
    DatabaseUnavailableError,
    RedisUnavailableError,
    TransientError,
)
from domain.rankings.administration.removal import remove_deleted_boards
from domain.rankings.ledger.building import (
    BuildStep,
    build_version,
    list_builds,
    make_live,
    remove_retired,
)
from domain.rankings.model import BoardVersion, VersionState
from domain.rankings.sets.compare import compare_rankings
from domain.rankings.sets.rebuild import forget_closed, list_untrusted, rebuild_rankings
from domain.store.postgres.rankings.catalog import read_catalog, read_revision
from domain.store.postgres.rankings.ledger.building import BuildProgress
from workers import metrics
from workers.context import WorkerContext
from workers.duties import DutySchedule

logger = structlog.get_logger(__name__)

# For all builds of a round together: then other duties have their turn.
BUILD_SECONDS = 5.0
# What stops a build, such as a missing file of an archive, is still so a second later.
REST_SECONDS = 30.0
SET_TRIES = 3
COMPARE_SECONDS = 600.0
FORGET_SECONDS = 60.0
# Of a period that is over, for readers who are still in the middle of one.
REMEMBERED = timedelta(minutes=5)
REMOVAL_SECONDS = 86_400.0
# A process knows of a change of the catalog after a second. Until then it reads what was before,
# which must not be half gone.
READERS_SECONDS = 5.0
REMOVED_ROWS = 5_000


class BoardUpkeep:
    """The duties, run every second by the keeper that leads; `leads` says whether it still does."""

    def __init__(self, context: WorkerContext, leads: Callable[[], bool]):
        self._store = context.store
        self._archive_path = context.settings.archive_path
        self._leads = leads
        self._revision: int | None = None
        self._versions: tuple[BoardVersion, ...] = ()
        self._resting: dict[int, float] = {}
        self._built_last = 0
        self._forgotten_until: datetime | None = None
        self.duties = DutySchedule(
            [
                (0.0, self._follow_catalog),
                (0.0, self._build),
                (0.0, self._rebuild),
                (FORGET_SECONDS, self._forget),
                (COMPARE_SECONDS, self._compare),
                # Due soon after each change of the catalog, and after a start.
                (REMOVAL_SECONDS, self._remove),
            ]
        )

    def run_due(self) -> None:
        """Run the duties that are due, while this keeper leads."""
        if self._leads():
            self.duties.run_due()

    def _follow_catalog(self) -> None:
        with self._store.write() as connection:
            if read_revision(connection) != self._revision:
                self._revision, self._versions = read_catalog(connection)
                self.duties.make_due(self._remove, in_seconds=READERS_SECONDS)

    def _build(self) -> None:
        if all(version.state is not VersionState.BUILDING for version in self._versions):
            return
        deadline = time.monotonic() + BUILD_SECONDS
        for progress in sorted(list_builds(self._store), key=self._turn):
            if time.monotonic() >= deadline:
                return
            if time.monotonic() >= self._resting.get(progress.version.number, 0.0):
                self._built_last = progress.version.number
                self._try_build(progress, deadline)

    def _turn(self, progress: BuildProgress) -> tuple[bool, int]:
        """Order the builds so that a round begins behind where the one before has ended."""
        number = progress.version.number
        return number <= self._built_last, number

    def _try_build(self, progress: BuildProgress, deadline: float) -> None:
        """Build, and let what is wrong with one version not keep the others waiting."""
        board = str(progress.version.definition.id)
        try:
            self._build_one(progress, deadline)
        except TransientError as error:
            if isinstance(error, DatabaseUnavailableError) and error.sqlstate is None:
                raise
            if isinstance(error, DatabaseUnavailableError) and error.is_timeout:
                self._rest(progress)
            # Else others were at work on its players, for instance: the next round goes on.
            logger.warning("build put off", board=board, cause=type(error).__name__)
        except Exception:  # the builds after it do not depend on this one
            self._rest(progress)
            logger.exception("build failed", board=board)

    def _rest(self, progress: BuildProgress) -> None:
        self._resting[progress.version.number] = time.monotonic() + REST_SECONDS

    def _build_one(self, progress: BuildProgress, deadline: float) -> None:
        step = build_version(
            self._store,
            progress=progress,
            archive_path=self._archive_path,
            go_on=lambda: self._leads() and time.monotonic() < deadline,
        )
        if step is BuildStep.UNREADABLE:
            self._rest(progress)
        if step is BuildStep.BUILT:
            self._fill_sets(progress.version)
            make_live(self._store, version=progress.version)
            self._follow_catalog()

    def _fill_sets(self, version: BoardVersion) -> None:
        """Make the version's sets complete before it is read; without Redis, SQL is read.

        Nothing has filled them before: a set that is trusted misses no row that is written later.
        """
        try:
            for _ in range(SET_TRIES):
                untrusted = list_untrusted(self._store, versions=[version], now=datetime.now(UTC))
                if not untrusted:
                    return
                rebuild_rankings(self._store, untrusted)
        except RedisUnavailableError:
            logger.warning("version live without its sets", board=str(version.definition.id))

    @property
    def _live(self) -> list[BoardVersion]:
        """The versions that are read: builds write to SQL alone, and fill the sets at their end."""
        return [version for version in self._versions if version.state is VersionState.LIVE]

    def _rebuild(self) -> None:
        if not self._live:
            return
        untrusted = list_untrusted(self._store, versions=self._live, now=datetime.now(UTC))
        if not untrusted:
            return
        started = time.monotonic()
        complete = rebuild_rankings(self._store, untrusted)
        metrics.board_rebuilds.inc(complete)
        logger.info(
            "rankings rebuilt",
            rankings=len(untrusted),
            complete=complete,
            seconds=time.monotonic() - started,
        )

    def _forget(self) -> None:
        if not self._versions:
            return
        until = datetime.now(UTC) - REMEMBERED
        forget_closed(self._store, since=self._forgotten_until, until=until)
        self._forgotten_until = until

    def _compare(self) -> None:
        if not self._live:
            return
        found = compare_rankings(self._store, versions=self._live, now=datetime.now(UTC))
        if found.repaired:
            metrics.board_repairs.inc(found.repaired)
            logger.warning("rankings repaired", rows=found.rows, repaired=found.repaired)
        if found.unsound:
            logger.error("rankings not trusted", ranking_nos=list(found.unsound))

    def _remove(self) -> None:
        if remove_retired(self._store, go_on=self._leads):
            logger.info("retired versions removed")
        if removed := remove_deleted_boards(self._store, limit=REMOVED_ROWS):
            logger.info("boards removed", boards=removed)
