"""A player's ledger without one action: what is left wherever that action counts.

Called by `domain/actions/reversal.py`. Boards and periods in which the action does not count are
not read, nor is the ledger when nothing of it can be decided by the action.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from pathlib import Path
from uuid import UUID

from domain.actions.effects import Score
from domain.rankings.counting import BoardRule, parse_metadata
from domain.rankings.definition import PeriodKind
from domain.rankings.folding import fold
from domain.rankings.ledger.made_scores import MadeScore
from domain.rankings.ledger.reading import ArchiveReader, id_before
from domain.rankings.model import (
    Contribution,
    CountedAction,
    Period,
    PlayerFacts,
    RankingKey,
    Tally,
)
from domain.rankings.periods import bucket_at
from domain.rankings.values import Metadata
from domain.store.postgres.actions.reversals import Statistics
from domain.store.postgres.rankings.ledger.actions import (
    EVER,
    LedgerPlayer,
    Span,
    iterate_applied,
    list_applied,
)
from domain.store.store import Connection


@dataclass(slots=True)
class Remainder:
    """What the player's other actions are worth where the action counts; None: nothing.

    On a rolling board in the bucket of the action alone.
    """

    rule: BoardRule
    period: Period
    segment: str
    bucket_at: datetime | None
    tally: Tally | None = None

    @property
    def key(self) -> RankingKey:
        """The ranking in which the action counts."""
        return RankingKey(self.rule.version.number, self.period.key, self.segment)

    @property
    def span(self) -> Span:
        """When the actions were accepted that count in the same place."""
        if self.bucket_at is not None:
            return Span(since=self.bucket_at)
        return Span(self.period.start, self.period.end)

    def add(self, action: CountedAction, metadata: Metadata | None, facts: PlayerFacts) -> None:
        """Add one of the other actions, which come in order of number."""
        found = self.rule.contribute(action, metadata, facts)
        if not isinstance(found, Contribution):
            return
        if (found.period.key, found.segment) != (self.period.key, self.segment):
            return
        definition = self.rule.definition
        if self.bucket_at in (None, bucket_at(definition, action.accepted_at)):
            self.tally, _ = fold(definition, self.tally, [found.tally])


def fold_without(
    connection: Connection,
    action: CountedAction,
    *,
    rules: Sequence[BoardRule],
    player: LedgerPlayer,
    statistics: Statistics,
    archive_path: Path,
    is_streamed: bool,
) -> tuple[Statistics, list[Remainder]]:
    """Return the player's score and statistics without the action, and what boards are left with.

    In a transaction that holds the months. With `is_streamed` it must not write after this, and
    memory is bounded. Raises ArchiveUnreadableError.
    """
    remainders = [*_list_remainders(rules, action, player.facts)]
    left = _subtract(statistics, action)
    spans = [remainder.span for remainder in remainders]
    if left is None:
        spans.append(EVER)
    made = MadeScore()
    if spans:
        needs_metadata = any(each.rule.definition.reads_metadata for each in remainders)
        found = _iterate(
            connection,
            player.user_id,
            span=_unite(spans),
            with_metadata=needs_metadata,
            archive_path=archive_path,
            is_streamed=is_streamed,
        )
        others = (other for other in found if other.action_no != action.action_no)
        for other in made.watch(others):
            metadata = parse_metadata(other.metadata) if needs_metadata else None
            for remainder in remainders:
                remainder.add(other, metadata, player.facts)
    if left is None:
        # The sum by subtraction: a score that was wrong before stays so, and is found.
        score = Score(statistics.score.score - action.score, made.score.reached_seq)
        left = Statistics(score, statistics.actions - 1, made.first_at, made.last_at)
    return left, remainders


def _list_remainders(
    rules: Sequence[BoardRule], action: CountedAction, facts: PlayerFacts
) -> Iterator[Remainder]:
    metadata = parse_metadata(action.metadata)
    for rule in rules:
        found = rule.contribute(action, metadata, facts)
        if isinstance(found, Contribution):
            is_rolling = rule.definition.period.kind is PeriodKind.ROLLING
            at = bucket_at(rule.definition, action.accepted_at) if is_rolling else None
            yield Remainder(rule, found.period, found.segment, at)


def _subtract(statistics: Statistics, action: CountedAction) -> Statistics | None:
    """Return the statistics without the action; None when only the ledger can tell."""
    score, actions = statistics.score.score - action.score, statistics.actions - 1
    if actions == 0:
        return Statistics(Score(score, None), 0, None, None)
    is_decisive = (
        score == 0
        or action.action_no == statistics.score.reached_seq
        or action.accepted_at in (statistics.first_at, statistics.last_at)
    )
    if is_decisive:
        return None
    kept = Score(score, statistics.score.reached_seq)
    return Statistics(kept, actions, statistics.first_at, statistics.last_at)


def _unite(spans: Sequence[Span]) -> Span:
    """Return the shortest span that has all of these."""
    starts = [span.since for span in spans]
    ends = [span.until for span in spans]
    return Span(
        None if None in starts else min(filter(None, starts)),
        None if None in ends else max(filter(None, ends)),
    )


def _iterate(
    connection: Connection,
    user_id: UUID,
    *,
    span: Span,
    with_metadata: bool,
    archive_path: Path,
    is_streamed: bool,
) -> Iterable[CountedAction]:
    """Return the player's applied actions in order of number, archived ones too."""
    before = id_before(user_id)
    archives = ArchiveReader(archive_path, span=span)
    archived = archives.take(connection, after=before, last=user_id)
    live: Iterable[CountedAction]
    if is_streamed:
        live = iterate_applied(
            connection, after=before, last=user_id, span=span, with_metadata=with_metadata
        )
    else:
        live = list_applied(connection, user_ids=[user_id], span=span, with_metadata=with_metadata)
    return merge(archived, live, key=lambda action: action.action_no)
