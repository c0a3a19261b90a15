"""Finds the ranking that a reader asks for: a board's version, a period, a segment.

Called by the API's routes through `web/boards/directory.py`.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import InvalidPayloadError, PeriodNotFoundError
from domain.rankings.definition import BoardDefinition, PeriodKind
from domain.rankings.model import BoardVersion, Period, RankingKey
from domain.rankings.periods import period_before
from domain.rankings.reads.named_periods import (
    CURRENT,
    PREVIOUS,
    current_period,
    is_kept,
    key_of,
    parse_key,
)
from domain.rankings.reads.standings import ReadRanking
from domain.store.postgres.rankings.reads import lookups
from domain.store.postgres.rankings.reads.lookups import StoredRanking
from domain.store.store import Store

MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class FoundRanking:
    """A period of a board, and its ranking: None while nobody has a row there.

    `version` is the version of the board that it is of; `revision` is that of the seal that is
    read, None while it is not sealed.
    """

    version: int
    definition: BoardDefinition
    period: Period
    segment: str
    ranking: ReadRanking | None
    revision: int | None


class RememberedRankings:
    """The numbers of rankings of periods that are not over: nothing else about them changes."""

    def __init__(self) -> None:
        self._numbers: MutableMapping[RankingKey, int] = {}

    def find(self, key: RankingKey) -> int | None:
        """Return the ranking's number if it is known."""
        return self._numbers.get(key)

    def remember(self, key: RankingKey, number: int) -> None:
        """Keep the ranking's number."""
        if len(self._numbers) >= MAX_REMEMBERED:
            self._numbers.clear()
        self._numbers[key] = number


def find_ranking(
    store: Store,
    *,
    live: BoardVersion,
    period: str,
    segment: str,
    now: datetime,
    is_admin: bool,
    remembered: RememberedRankings,
) -> FoundRanking:
    """Return the ranking of a period, which is `current`, `previous`, or the key of one.

    Only admins read more than `keep_periods` closed periods. Raises PeriodNotFoundError and
    DatabaseUnavailableError.
    """
    definition = live.definition
    current = current_period(definition, now)
    if period in (CURRENT, current.key):
        return _find_current(store, live, current, segment, now, remembered)
    if period == PREVIOUS and definition.period.kind is PeriodKind.SEASON:
        return _find_season_before(store, definition, current, segment)
    previous = period_before(definition, current)
    period = key_of(definition, period, now)
    if not is_admin and not is_kept(definition, current, period):
        raise PeriodNotFoundError
    with store.read() as connection:
        stored = lookups.find_ranking(
            connection, board=definition.id, period_key=period, segment=segment
        )
        if stored is not None:
            return _describe(stored)
        is_known = lookups.has_period(connection, board=definition.id, period_key=period)
    if previous is not None and period == previous.key:
        return FoundRanking(live.version, definition, previous, segment, None, None)
    if not is_known:
        raise PeriodNotFoundError
    return FoundRanking(
        live.version, definition, parse_key(definition, period), segment, None, None
    )


def find_numbered(
    store: Store, *, live: BoardVersion, ranking_no: int, now: datetime
) -> FoundRanking | None:
    """Return the ranking of this number if it is one of the board's, for the page behind another.

    None for a period that is not kept any more, whoever asks. Raises DatabaseUnavailableError.
    """
    definition = live.definition
    with store.read() as connection:
        stored = lookups.find_ranking_of_number(
            connection, board=definition.id, ranking_no=ranking_no
        )
    if stored is None or not is_kept(
        definition, current_period(definition, now), stored.period_key
    ):
        return None
    return _describe(stored)


def at_revision(store: Store, *, found: FoundRanking, revision: int) -> FoundRanking:
    """Return the same ranking as a seal of it has it.

    Raises InvalidPayloadError for a revision without a seal, and DatabaseUnavailableError.
    """
    ranking = found.ranking
    if ranking is not None:
        with store.read() as connection:
            rows = lookups.count_sealed_rows(
                connection, ranking_no=ranking.number, revision=revision
            )
        if rows is not None:
            return FoundRanking(
                found.version,
                found.definition,
                found.period,
                found.segment,
                ranking._replace(revision=revision),
                revision,
            )
    raise InvalidPayloadError(details={"fields": {"revision": ["There is no such revision."]}})


def list_segments(store: Store, *, live: BoardVersion, now: datetime, limit: int) -> list[str]:
    """Return segments of the period of now that have players. Raises DatabaseUnavailableError."""
    key = current_period(live.definition, now).key
    with store.read() as connection:
        return lookups.list_segments(
            connection, version_no=live.number, period_key=key, limit=limit
        )


def find_segment_of(
    store: Store, *, live: BoardVersion, period: str, user_id: UUID, now: datetime
) -> str | None:
    """Return the segment in which the player is in a period, the last one if there are several.

    None when the player is in none. Raises PeriodNotFoundError and DatabaseUnavailableError.
    """
    key = key_of(live.definition, period, now)
    with store.read() as connection:
        return lookups.find_segment_of(
            connection, board=live.definition.id, period_key=key, user_id=user_id
        )


def _find_season_before(
    store: Store, definition: BoardDefinition, current: Period, segment: str
) -> FoundRanking:
    """Return the season that was over before this one began; of another version of the board."""
    assert current.start is not None
    with store.read() as connection:
        stored = lookups.find_ranking_before(
            connection,
            board=definition.id,
            period_key=current.key,
            segment=segment,
            until=current.start,
        )
    if stored is None:
        raise PeriodNotFoundError
    return _describe(stored)


def _find_current(
    store: Store,
    live: BoardVersion,
    period: Period,
    segment: str,
    now: datetime,
    remembered: RememberedRankings,
) -> FoundRanking:
    """Return the ranking of the period of now, without asking SQL where its number is known."""
    definition = live.definition
    key = RankingKey(live.number, period.key, segment)
    is_open = period.end is None or now < period.end
    number = remembered.find(key) if is_open else None
    if number is not None:
        ranking = ReadRanking(number, definition)
        return FoundRanking(live.version, definition, period, segment, ranking, None)
    is_season = definition.period.kind is PeriodKind.SEASON
    with store.read() as connection:
        stored = lookups.find_ranking(
            connection,
            board=definition.id,
            period_key=period.key,
            segment=segment,
            start=period.start if is_season else None,
        )
    if stored is None:
        return FoundRanking(live.version, definition, period, segment, None, None)
    if is_open and stored.version_no == live.number and not stored.read_revision:
        remembered.remember(key, stored.ranking_no)
    return _describe(stored)


def _describe(stored: StoredRanking) -> FoundRanking:
    return FoundRanking(
        stored.version,
        stored.definition,
        Period(stored.period_key, stored.period_start, stored.period_end),
        stored.segment,
        ReadRanking(stored.ranking_no, stored.definition, stored.read_revision),
        stored.revision or None,
    )
