"""What a board's followers are shown: its ranking of now, and how that begins.

Called by the live process, which follows a board from one period and version to the next.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.boards.model import TOP_SIZE, BoardId
from domain.errors import InvalidPayloadError, LaurelError, NotFoundError
from domain.rankings.catalog import Catalog, CatalogCache
from domain.rankings.definition import Readers
from domain.rankings.model import BoardVersion, Period, RankingKey, VersionState
from domain.rankings.reads.named_periods import current_period
from domain.rankings.reads.naming import name_standings
from domain.rankings.reads.standings import RankingStanding, ReadRanking
from domain.store.answering import set_or_sql
from domain.store.postgres.rankings.catalog import read_moment
from domain.store.postgres.rankings.numbers import KnownRanking, find_rankings
from domain.store.postgres.rankings.reads import standings as sql
from domain.store.postgres.transactions import read_one_moment
from domain.store.redis.ranking_bus import PlacedTop, find_top
from domain.store.store import Store


class BoardPart(NamedTuple):
    """A board, and one of its segments; "" when the board is not split."""

    board: BoardId
    segment: str


class CurrentRanking(NamedTuple):
    """What a board shows now. `ranking` is None while nobody is in it.

    `seconds_left` of the period are counted from when it was read; None when it has no end, or is
    over and no other follows.
    """

    version: BoardVersion
    period: Period
    ranking: ReadRanking | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class IndexedStanding:
    """A standing and its index from 0, which orders those that share a rank."""

    index: int
    standing: RankingStanding

    @property
    def user_id(self) -> UUID:
        """Whose standing it is."""
        return self.standing.user_id

    @property
    def rank(self) -> int:
        """Its rank."""
        return self.standing.rank


class RankingTop(NamedTuple):
    """The first TOP_SIZE standings of a ranking, at a position: "" and 0 when SQL was read."""

    epoch: str
    seq: int
    total: int
    standings: tuple[IndexedStanding, ...]


class _Place(NamedTuple):
    version: BoardVersion
    period: Period
    key: RankingKey


EMPTY_TOP = RankingTop("", 0, 0, ())


def find_current(
    store: Store, *, catalogs: CatalogCache, parts: Collection[BoardPart]
) -> dict[BoardPart, CurrentRanking | LaurelError]:
    """Return what each of these shows now, or why nobody may follow it.

    That is a NotFoundError without such a board, also when only admins read it, an
    InvalidPayloadError when it is split and no segment is given, or the other way round. Raises
    DatabaseUnavailableError.
    """
    with store.read() as connection:
        revision, now = read_moment(connection)
        catalog = catalogs.find(connection, revision=revision)
        found = {part: _find_place(catalog, part, now) for part in parts}
        wanted = [place.key for place in found.values() if isinstance(place, _Place)]
        known = find_rankings(connection, wanted=wanted) if wanted else {}
    return {
        part: _describe(place, known.get(place.key), now) if isinstance(place, _Place) else place
        for part, place in found.items()
    }


def read_top(store: Store, *, ranking: ReadRanking | None) -> RankingTop:
    """Return the first standings of a ranking. Raises DatabaseUnavailableError."""
    if ranking is None:
        return EMPTY_TOP
    if ranking.revision:
        top = _read_top_from_sql(store, ranking)
    else:
        top = set_or_sql(
            lambda: find_top(store.redis, ranking_no=ranking.number, order=ranking.order),
            lambda: _read_top_from_sql(store, ranking),
        )
    return name_top(store, ranking=ranking, top=top)


def name_top(store: Store, *, ranking: ReadRanking, top: PlacedTop) -> RankingTop:
    """Return a top as readers see it. Raises DatabaseUnavailableError for a missing name."""
    standings = name_standings(store, ranking, top.span)
    indexed = tuple(IndexedStanding(*pair) for pair in enumerate(standings))
    return RankingTop(top.epoch, top.seq, top.total, indexed)


def _find_place(catalog: Catalog, part: BoardPart, now: datetime) -> _Place | LaurelError:
    version = _find_live(catalog, part.board)
    # Players must not know whether there is a board that only admins read; nobody follows one.
    if version is None or version.definition.readers is Readers.ADMINS:
        return NotFoundError("There is no such board")
    definition = version.definition
    if definition.segment is None and part.segment:
        return InvalidPayloadError("`segment` is for boards that are split; this one is not")
    if definition.segment is not None and not part.segment:
        return InvalidPayloadError("`segment` is needed: this board is split")
    period = current_period(definition, now)
    return _Place(version, period, RankingKey(version.number, period.key, part.segment))


def _find_live(catalog: Catalog, board: BoardId) -> BoardVersion | None:
    return next(
        (
            version
            for version in (rule.version for rule in catalog.rules)
            if version.state is VersionState.LIVE and version.definition.id == board
        ),
        None,
    )


def _describe(place: _Place, known: KnownRanking | None, now: datetime) -> CurrentRanking:
    version, period, _ = place
    ranking = None
    if known is not None:
        ranking = ReadRanking(known.number, version.definition, known.revision)
    left = None if period.end is None else (period.end - now).total_seconds()
    return CurrentRanking(version, period, ranking, left if left is None or left > 0 else None)


def _read_top_from_sql(store: Store, ranking: ReadRanking) -> PlacedTop:
    revision = ranking.revision or sql.LATEST
    with store.read() as connection:
        read_one_moment(connection)
        span = sql.list_first(
            connection, ranking_no=ranking.number, limit=TOP_SIZE, revision=revision
        )
        total = len(span.rows)
        if total == TOP_SIZE:
            total = sql.count_rows(connection, ranking_no=ranking.number, revision=revision)
    return PlacedTop("", 0, total, span)
