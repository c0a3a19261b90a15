"""Where a player stood at moments of the past: exactly what a replay until then gives.

Called by the API. The ledger is read only as far as it differs from the rows of now, and no further
than a request may.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from uuid import UUID

from domain.boards.model import GLOBAL_BOARD
from domain.errors import HistoryTooLargeError, NotFoundError
from domain.rankings.counting import BoardRule
from domain.rankings.definition import PeriodKind
from domain.rankings.history.budget import Budget
from domain.rankings.history.moments import Moments, group_by_period
from domain.rankings.history.past import (
    TICK,
    Counted,
    PlayerPast,
    can_subtract,
    list_counted,
    subtract,
    within_window,
)
from domain.rankings.history.ranking_past import PastStanding, RankingPast
from domain.rankings.history.segments import check_segment, segment_of
from domain.rankings.model import BoardVersion, CountedAction, Period, RankingKey
from domain.rankings.periods import window_start
from domain.store.postgres.archives import list_archived_partitions
from domain.store.postgres.rankings.ledger.actions import Span, hold_months
from domain.store.postgres.rankings.ledger.history import (
    find_facts,
    list_actions_of,
    list_players_of,
)
from domain.store.postgres.rankings.ledger.present_rows import (
    PresentRow,
    PresentRows,
    RankingRows,
    ScoreRows,
)
from domain.store.postgres.rankings.ledger.stored_rows import find_live_since
from domain.store.postgres.rankings.numbers import find_rankings, is_left_out
from domain.store.postgres.transactions import read_one_moment
from domain.store.store import Connection, Store

ActionsByPlayer = Mapping[str, Sequence[CountedAction]]


def read_history(
    store: Store,
    *,
    version: BoardVersion,
    user_id: UUID,
    segment: str | None,
    moments: Sequence[datetime],
) -> list[PastStanding]:
    """Return where the player stood at each moment, by all that was accepted before it.

    `segment` only on a board that is split by metadata. Raises NotFoundError for an unknown user,
    InvalidPayloadError for a segment, HistoryTooLargeError and DatabaseUnavailableError.
    """
    rule = BoardRule(version)
    check_segment(rule.definition, segment)
    with store.read() as connection:
        read_one_moment(connection)
        hold_months(connection)
        facts = find_facts(connection, user_ids=[str(user_id)]).get(str(user_id))
        if facts is None:
            raise NotFoundError("There is no such user")
        reader = _HistoryReader(connection, rule, str(user_id))
        found: list[PastStanding] = []
        for group in group_by_period(rule.definition, moments):
            place = group.period and segment_of(rule.definition, segment, facts, group.period)
            found += reader.read(group, place)
        return found


class _HistoryReader:
    """Reads the history of one player on one board, period by period."""

    def __init__(self, connection: Connection, rule: BoardRule, user_id: str):
        self._connection = connection
        self._rule = rule
        self._user_id = user_id
        self._budget = Budget()
        self._archives = list_archived_partitions(connection)
        live_since = find_live_since(connection).get(rule.version.number)
        self._live_since = live_since or datetime.max.replace(tzinfo=UTC)

    def read(self, group: Moments, segment: str | None) -> list[PastStanding]:
        """Return where the player stood at the moments of one period, in this segment if any."""
        period = group.period
        if period is None or segment is None:
            key = period.key if period else None
            return [PastStanding(at, key, None, None, 0) for at in group.moments]
        if self._is_left_out(period, segment):
            return [PastStanding(at, period.key, None, None, 0) for at in group.moments]
        if self._rule.definition.period.kind is PeriodKind.ROLLING:
            return [self._read_window(period, at, segment) for at in group.moments]
        rows = self._find_rows(period, segment)
        past = (
            self._fold_all(period, group.moments, segment)
            if rows is None
            else self._fold_changed(period, group.moments, segment, rows)
        )
        return [past.stand(self._user_id, at=at, period_key=period.key) for at in group.moments]

    def _is_left_out(self, period: Period, segment: str) -> bool:
        """Return whether the segment came when the period had as many as there may be."""
        key = RankingKey(self._rule.version.number, period.key, segment)
        return self._rule.definition.is_split_by_metadata and is_left_out(self._connection, key=key)

    def _find_rows(self, period: Period, segment: str) -> PresentRows | None:
        """Return the rows of now; None where they do not tell all that there was."""
        definition = self._rule.definition
        if definition.id == GLOBAL_BOARD:
            return ScoreRows(self._connection, definition)
        key = RankingKey(self._rule.version.number, period.key, segment)
        found = find_rankings(self._connection, wanted=[key]).get(key)
        if found is None and period.end is not None and period.end <= self._live_since:
            # Over before the version was live, and not built: it may have been without a row.
            return None
        return RankingRows(self._connection, found.number if found else None)

    def _fold_changed(
        self, period: Period, moments: Sequence[datetime], segment: str, rows: PresentRows
    ) -> RankingPast:
        """Fold the players who have acted in the period since the first moment, and nobody else."""
        first, last = moments[0], moments[-1]
        self._require_unarchived(Span(first, period.end), first)
        players = list_players_of(
            self._connection,
            span=Span(first, period.end),
            action_types=self._rule.definition.action_types,
            limit=self._budget.limit,
        )
        changed = set(players)
        self._budget.take_actions(len(players))
        self._budget.take_comparisons(len(moments), len(changed))
        is_cut = self._is_archived(Span(period.start, first))
        if is_cut and not can_subtract(self._rule.definition):
            raise HistoryTooLargeError("Some of the actions that count are archived")
        present = rows.find(changed | {self._user_id})
        # What is not archived must be known to its end, if what is archived is the rest.
        span = Span(period.start, period.end if is_cut else last)
        pasts = self._make_pasts(
            self._read_actions(changed, span), period, segment, present if is_cut else None
        )
        for user in changed - pasts.keys():
            pasts[user] = PlayerPast(self._rule.definition, ())
        return RankingPast(self._rule.definition, rows, changed=pasts, now=present)

    def _fold_all(self, period: Period, moments: Sequence[datetime], segment: str) -> RankingPast:
        """Fold everyone who has acted in the period: there are no rows of now."""
        span = Span(period.start, moments[-1])
        self._require_unarchived(span, moments[0])
        pasts = self._make_pasts(self._read_actions(None, span), period, segment, None)
        self._budget.take_comparisons(len(moments), len(pasts))
        return RankingPast(self._rule.definition, _no_rows(self._connection), changed=pasts, now={})

    def _read_window(self, period: Period, at: datetime, segment: str) -> PastStanding:
        """Fold everyone who has acted in the window of a rolling board at one moment."""
        definition = self._rule.definition
        span = Span(window_start(definition, at - TICK), at)
        self._require_unarchived(span, at)
        pasts = {}
        for user, counted in self._count(self._read_actions(None, span), period, segment).items():
            pasts[user] = PlayerPast(definition, within_window(definition, counted, at=at))
        self._budget.take_comparisons(1, len(pasts))
        ranking = RankingPast(definition, _no_rows(self._connection), changed=pasts, now={})
        return ranking.stand(self._user_id, at=at, period_key=period.key)

    def _read_actions(self, users: Collection[str] | None, span: Span) -> ActionsByPlayer:
        if users is not None and not users:
            return {}
        definition = self._rule.definition
        actions = list_actions_of(
            self._connection,
            user_ids=users,
            span=span,
            action_types=definition.action_types,
            with_metadata=definition.reads_metadata,
            limit=self._budget.limit,
        )
        self._budget.take_actions(len(actions))
        return {
            user: list(group) for user, group in groupby(actions, lambda action: action.user_id)
        }

    def _make_pasts(
        self,
        actions: ActionsByPlayer,
        period: Period,
        segment: str,
        present: Mapping[str, PresentRow] | None,
    ) -> dict[str, PlayerPast]:
        """Return the players' pasts; with the rows of now, what is archived is the rest of them."""
        pasts = {}
        for user, counted in self._count(actions, period, segment).items():
            row = present.get(user) if present else None
            start = subtract(row.tally, counted) if row else None
            pasts[user] = PlayerPast(self._rule.definition, counted, start)
        return pasts

    def _count(
        self, actions: ActionsByPlayer, period: Period, segment: str
    ) -> dict[str, list[Counted]]:
        definition = self._rule.definition
        needs_facts = definition.reads_attributes or definition.join_required
        facts = find_facts(self._connection, user_ids=actions) if needs_facts else {}
        return {
            user: list_counted(
                self._rule, of_one, facts.get(user), period_key=period.key, segment=segment
            )
            for user, of_one in actions.items()
        }

    def _require_unarchived(self, span: Span, at: datetime) -> None:
        if self._is_archived(span):
            raise HistoryTooLargeError(f"Actions of {at:%Y-%m} are archived")

    def _is_archived(self, span: Span) -> bool:
        return any(
            (span.since is None or archive.until_at > span.since)
            and (span.until is None or archive.from_at < span.until)
            for archive in self._archives
        )


def _no_rows(connection: Connection) -> PresentRows:
    return RankingRows(connection, None)
