"""The scores by which players came to those of now, the last ones of each.

Called by the API for the small lines of a board's rows. No rank is made: only the players' own
actions are read, and of each no more than a few.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from domain.boards.model import GLOBAL_BOARD
from domain.rankings.counting import BoardRule
from domain.rankings.definition import Aggregate, BoardDefinition, PeriodKind
from domain.rankings.folding import fold
from domain.rankings.history.past import (
    TICK,
    Counted,
    can_subtract,
    list_counted,
    within_window,
)
from domain.rankings.model import BoardVersion, Tally
from domain.rankings.periods import window_start
from domain.rankings.reads.finding import FoundRanking
from domain.store.postgres.archives import list_archived_partitions
from domain.store.postgres.rankings.ledger.actions import Span, hold_months
from domain.store.postgres.rankings.ledger.history import find_facts, list_last_actions_of
from domain.store.postgres.rankings.ledger.present_rows import (
    PresentRows,
    RankingRows,
    ScoreRows,
)
from domain.store.postgres.transactions import read_one_moment
from domain.store.store import Connection, Store

MAX_PLAYERS = 20
MAX_SCORES = 12
MAX_ACTIONS = 100
"""So many of a player's last actions are looked at."""


def list_past_scores(
    store: Store,
    *,
    version: BoardVersion,
    found: FoundRanking,
    user_ids: Collection[str],
    now: datetime,
) -> dict[str, list[int]]:
    """Return the last stored values of each player in a ranking of now, the present one last.

    Each is another than the one before. Who has no row there is absent; of whom the earlier ones
    cannot be told by MAX_ACTIONS actions that are not archived, there is the present one alone.
    Raises DatabaseUnavailableError.
    """
    rule = BoardRule(version)
    with store.read() as connection:
        read_one_moment(connection)
        hold_months(connection)
        present = _find_rows(connection, found).find(user_ids)
        needs_facts = rule.definition.reads_attributes or rule.definition.join_required
        facts = find_facts(connection, user_ids=present) if needs_facts else {}
        span = _span_of(found, now)
        is_archived = any(
            span.since is None or archive.until_at > span.since
            for archive in list_archived_partitions(connection)
        )
        actions = list_last_actions_of(
            connection,
            user_ids=present,
            span=span,
            with_metadata=rule.definition.reads_metadata,
            limit=MAX_ACTIONS,
        )
    past = {}
    for user, row in present.items():
        own = actions.get(user, [])
        counted = list_counted(
            rule, own, facts.get(user), period_key=found.period.key, segment=found.segment
        )
        is_whole = not is_archived and len(own) < MAX_ACTIONS
        since = None if is_whole else min((each.accepted_at for each in own), default=now)
        past[user] = _end_with(row.tally.value, _list_values(found, counted, row.tally, since))
    return past


def _find_rows(connection: Connection, found: FoundRanking) -> PresentRows:
    if found.definition.id == GLOBAL_BOARD:
        return ScoreRows(connection, found.definition)
    return RankingRows(connection, found.ranking.number if found.ranking else None)


def _span_of(found: FoundRanking, now: datetime) -> Span:
    definition = found.definition
    if definition.period.kind is not PeriodKind.ROLLING:
        return Span(found.period.start)
    # Beside the first action that still counts, others counted that do not any more.
    return Span(window_start(definition, window_start(definition, now)))


def _list_values(
    found: FoundRanking, counted: Sequence[Counted], now: Tally, since: datetime | None
) -> list[int]:
    """Return the value after each of these actions, which are whole, or the last from `since`."""
    definition = found.definition
    if definition.period.kind is PeriodKind.ROLLING:
        return _list_windows(definition, counted, since)
    if can_subtract(definition):
        values = _subtract(counted, now.value)
        # Before the first action that counts there was no score.
        return values[1:] if values[0] == 0 else values
    if definition.aggregate is Aggregate.LATEST and definition.attempts is None:
        return [each.tally.value for each in counted]
    return _add_up(definition, counted) if since is None else []


def _subtract(counted: Sequence[Counted], now: int) -> list[int]:
    values = [now]
    for each in reversed(counted):
        values.append(values[-1] - each.tally.value)
    return values[::-1]


def _add_up(definition: BoardDefinition, counted: Sequence[Counted]) -> list[int]:
    values, tally = [], None
    for each in counted:
        tally = fold(definition, tally, [each.tally]).tally
        if tally is not None:
            values.append(tally.value)
    return values


def _list_windows(
    definition: BoardDefinition, counted: Sequence[Counted], since: datetime | None
) -> list[int]:
    values = []
    for last in counted[-MAX_SCORES:]:
        at = last.at + TICK
        if since is not None and window_start(definition, at - TICK) <= since:
            continue
        tallies = [each.tally for each in within_window(definition, counted, at=at)]
        tally = fold(definition, None, tallies).tally
        if tally is not None:
            values.append(tally.value)
    return values


def _end_with(now: int, values: Sequence[int]) -> list[int]:
    """Return the last of these values and the one of now, without those that changed nothing."""
    ended = [*values, now]
    changes = [after for before, after in pairwise(ended) if before != after]
    return [ended[0], *changes][-MAX_SCORES:]
