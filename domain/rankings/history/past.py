"""What players had in one ranking at moments of the past, one moment after the other; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.rankings.counting import BoardRule, parse_metadata
from domain.rankings.definition import Aggregate, BoardDefinition
from domain.rankings.folding import fold, sort_key
from domain.rankings.model import Contribution, CountedAction, PlayerFacts, Tally
from domain.rankings.periods import bucket_at, window_start

TICK = timedelta(microseconds=1)
UNKNOWN_REACHED = 0
"""In the place of the number of an action that is archived."""


class Counted(NamedTuple):
    """An action that counts in the ranking, by when it was accepted."""

    at: datetime
    tally: Tally


class PlayerPast:
    """One player's tally, moment by moment, forward only; `start` is what was there before all."""

    __slots__ = ("_counted", "_definition", "_key", "_next", "_tally")

    def __init__(
        self, definition: BoardDefinition, counted: Sequence[Counted], start: Tally | None = None
    ):
        self._definition = definition
        self._counted = counted
        self._next = 0
        self._tally = start
        self._key = None if start is None else sort_key(definition, start)

    @property
    def tally(self) -> Tally | None:
        """What the player has at the moment; None for nothing."""
        return self._tally

    @property
    def key(self) -> bytes | None:
        """Where that is in the order."""
        return self._key

    def advance(self, until: datetime) -> None:
        """Go on to a moment: everything before it counts."""
        first = self._next
        while self._next < len(self._counted) and self._counted[self._next].at < until:
            self._next += 1
        if self._next > first:
            tallies = [each.tally for each in self._counted[first : self._next]]
            self._tally = fold(self._definition, self._tally, tallies).tally
            self._key = self._tally and sort_key(self._definition, self._tally)


def can_subtract(definition: BoardDefinition) -> bool:
    """Return whether what a player had before some actions is known without those before them."""
    sums = (Aggregate.SUM, Aggregate.COUNT)
    return definition.aggregate in sums and definition.attempts is None


def subtract(now: Tally | None, counted: Sequence[Counted]) -> Tally | None:
    """Return what a player had before all these actions, on a board of sums; None for nothing.

    When it was reached is not known: UNKNOWN_REACHED.
    """
    if not counted:
        return now
    if now is None or now.counted <= len(counted):
        return None
    value = now.value - sum(each.tally.value for each in counted)
    columns = tuple(
        number - sum(each.tally.columns[index] for each in counted)
        for index, number in enumerate(now.columns)
    )
    is_moved = value != 0
    return Tally(value, columns, UNKNOWN_REACHED, is_moved, now.counted - len(counted))


def list_counted(
    rule: BoardRule,
    actions: Iterable[CountedAction],
    player: PlayerFacts | None,
    *,
    period_key: str,
    segment: str,
) -> list[Counted]:
    """Return those of one player's actions that count in a ranking, in order of acceptance."""
    reads = rule.definition.reads_metadata
    counted = []
    for action in actions:
        metadata = parse_metadata(action.metadata) if reads else None
        found = rule.contribute(action, metadata, player)
        if isinstance(found, Contribution) and (found.period.key, found.segment) == (
            period_key,
            segment,
        ):
            counted.append(Counted(action.accepted_at, found.tally))
    # By number within one moment, as the ledger has them.
    return sorted(counted, key=lambda each: (each.at, each.tally.reached_seq))


def within_window(
    definition: BoardDefinition, counted: Sequence[Counted], *, at: datetime
) -> list[Counted]:
    """Return those that count on a rolling board at a moment: their buckets have not left it."""
    start = window_start(definition, at - TICK)
    return [each for each in counted if each.at < at and bucket_at(definition, each.at) >= start]
