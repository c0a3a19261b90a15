"""Builds: a version's rows are computed from the ledger beside the live ones, and then it is live.

Called by the keeper. A build that is killed goes on behind the last player whose rows are there.
Actions that are applied meanwhile are counted by scoring, which knows of the version; the rows that
are written here, under the player's lock, hold the whole truth.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import structlog

from domain.errors import ArchiveUnreadableError
from domain.rankings.counting import BoardRule
from domain.rankings.ledger.chunks import Chunk, ChunkBuilder
from domain.rankings.ledger.folded import kept_since
from domain.rankings.ledger.reading import ArchiveReader
from domain.rankings.model import BoardVersion
from domain.store.postgres.rankings.catalog import share_catalog
from domain.store.postgres.rankings.ledger.actions import Span, count_players
from domain.store.postgres.rankings.ledger.building import (
    BuildProgress,
    advance_build,
    list_building,
    stop_build,
    switch_version,
)
from domain.store.postgres.rankings.ledger.retired import (
    delete_rankings,
    delete_rows,
    list_retired_rankings,
)
from domain.store.postgres.transactions import read_clock
from domain.store.redis import rankings as sets
from domain.store.store import Store

logger = structlog.get_logger(__name__)

RETIRED_AT_ONCE = 100
RETIRED_ROWS = 5_000


class BuildStep(StrEnum):
    """How a build ended for now."""

    BUILT = "built"
    """Every player has rows."""
    STOPPED = "stopped"
    """The caller is to stop, or the version is not being built any more."""
    UNREADABLE = "unreadable"
    """A file of an archive is missing or damaged: the admin's answer says which."""


def list_builds(store: Store) -> list[BuildProgress]:
    """Return the versions that are being built. Raises DatabaseUnavailableError."""
    with store.write() as connection:
        return list_building(connection)


def build_version(
    store: Store,
    *,
    progress: BuildProgress,
    archive_path: Path,
    go_on: Callable[[], bool] = lambda: True,
) -> BuildStep:
    """Compute the rows of every player who has none yet, chunk by chunk.

    `go_on` is asked before each chunk. Raises DatabaseUnavailableError: called again, it goes on.
    """
    with store.write() as connection:
        total = progress.total or count_players(connection)
        now = read_clock(connection)
    span = Span(since=kept_since(progress.version.definition, now))
    archives = ArchiveReader(archive_path, span=span)
    builder = ChunkBuilder(BoardRule(progress.version), archives, span=span, now=now)
    after = progress.until
    try:
        while go_on():
            with store.write() as connection:
                chunk = builder.read(connection, after=after)
            if chunk.last is None:
                return BuildStep.BUILT
            if not _write(store, builder, chunk, version=progress.version, total=total):
                break
            after = chunk.last
    except ArchiveUnreadableError as error:
        _stop(store, progress.version, error.message)
        return BuildStep.UNREADABLE
    return BuildStep.STOPPED


def _write(
    store: Store, builder: ChunkBuilder, chunk: Chunk, *, version: BoardVersion, total: int
) -> bool:
    """Write a chunk's rows and the progress; False when others are at work, or the build ended."""
    with store.write() as connection:
        share_catalog(connection)
        is_next = advance_build(
            connection,
            version_no=version.number,
            after=chunk.after,
            until=chunk.last,
            players=len(chunk.folded),
            total=total,
        )
        if is_next:
            builder.write(connection, chunk)
    return is_next


def _stop(store: Store, version: BoardVersion, error: str) -> None:
    with store.write() as connection:
        is_news = stop_build(connection, version_no=version.number, error=error)
    if is_news:
        board = str(version.definition.id)
        logger.error("build stopped", board=board, version=version.version, error=error)


def make_live(store: Store, *, version: BoardVersion) -> bool:
    """Switch the board to a version that is built, for every process from one moment on.

    Returns False when it is not being built any more. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        is_live = switch_version(connection, version_no=version.number)
    if is_live:
        logger.info("version live", board=str(version.definition.id), version=version.version)
    return is_live


def remove_retired(store: Store, *, go_on: Callable[[], bool] = lambda: True) -> list[int]:
    """Delete the rows of retired versions in chunks, and the rankings that have none left.

    What has a seal is kept. Returns the rankings that are gone. Raises DatabaseUnavailableError and
    RedisUnavailableError: called again, it goes on.
    """
    gone: list[int] = []
    while go_on():
        with store.lazy() as connection:
            numbers = list_retired_rankings(connection, limit=RETIRED_AT_ONCE)
            if not numbers:
                break
            if not delete_rows(connection, ranking_nos=numbers, limit=RETIRED_ROWS):
                sets.forget(store.redis, ranking_nos=numbers)
                delete_rankings(connection, ranking_nos=numbers)
                gone += numbers
    return gone
