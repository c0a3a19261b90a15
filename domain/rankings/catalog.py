"""The catalog: every version of a board that counts actions, as one process knows it.

Scoring compares its revision with the stored one in each transaction, and reads it again when an
operator, a build or a seal has changed something.
"""

from collections.abc import Sequence

import structlog

from domain.errors import TransientError
from domain.rankings.counting import BoardRule
from domain.rankings.model import BoardVersion, RankingKey
from domain.store.postgres.rankings.catalog import read_catalog
from domain.store.postgres.rankings.numbers import KnownRanking
from domain.store.store import Connection

logger = structlog.get_logger(__name__)

MAX_REMEMBERED = 10_000


class Catalog:
    """The boards of one revision, and the numbers of their rankings as far as they were needed."""

    def __init__(self, revision: int, versions: Sequence[BoardVersion]):
        self.revision = revision
        self.rules = tuple(BoardRule(version) for version in versions)
        self.by_version = {rule.version.number: rule for rule in self.rules}
        self.rankings: dict[RankingKey, KnownRanking] = {}
        definitions = [rule.definition for rule in self.rules]
        self.needs_metadata = any(definition.reads_metadata for definition in definitions)
        self.needs_attributes = any(definition.reads_attributes for definition in definitions)
        self.needs_members = any(definition.join_required for definition in definitions)

    def remember(self, rankings: dict[RankingKey, KnownRanking]) -> None:
        """Keep the numbers of rankings whose transaction is committed."""
        if len(self.rankings) + len(rankings) > MAX_REMEMBERED:
            self.rankings.clear()
        self.rankings.update(rankings)


class CatalogCache:
    """One process's catalog; threads may share it."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._reported: int | None = None

    def find(self, connection: Connection, *, revision: int) -> Catalog:
        """Return the catalog of this revision, which the caller's transaction has read.

        Raises DatabaseUnavailableError, and TransientError when a board has a definition that this
        version of the program does not read: a newer one beside it does, and counts the batch.
        """
        catalog = self._catalog
        if catalog is None or catalog.revision != revision:
            try:
                catalog = self._catalog = Catalog(*read_catalog(connection))
            except TransientError as error:
                self._report(error, revision)
                raise
        return catalog

    def _report(self, error: TransientError, revision: int) -> None:
        """Log once for each revision what nothing is counted for, because it is not understood."""
        if self._reported != revision:
            self._reported = revision
            logger.error("board not understood, nothing is counted", cause=error.message)
