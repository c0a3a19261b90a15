"""Tallies: how they are merged, ordered, and made from the ledger again; pure.

Merging does not mind the order of actions or of groups, with one exception: an action that would
move a sum beyond 64 bits is refused, and which one that is depends on those before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial, reduce
from struct import Struct
from typing import Any, NamedTuple

from domain.rankings.counting import BoardRule, parse_metadata
from domain.rankings.definition import Aggregate, BoardDefinition, PeriodKind
from domain.rankings.model import Contribution, CountedAction, Period, PlayerFacts, Reason, Tally
from domain.rankings.periods import bucket_at, window_start

MAX_TOTAL = 2**63 - 1
"""Sums are between this and its negative."""

_OFFSET = 2**63
_PACKERS = [Struct(f">{count}Q") for count in range(8)]
_PACK_TWO = _PACKERS[2].pack

Attempt = tuple[Any, ...]
Place = tuple[int, Period, str]
"""A version's number, a period and a segment."""


class Folded(NamedTuple):
    """A tally with more actions in it, and for each of them why it was refused, or None."""

    tally: Tally | None
    reasons: list[Reason | None]


@dataclass(slots=True)
class PlayerTallies:
    """What a player's actions are worth.

    `buckets` has the parts of a rolling board's tallies, by place and start of the bucket, and
    `reasons` why actions do not count, by their number and the board's slug.
    """

    tallies: dict[Place, Tally] = field(default_factory=dict)
    buckets: dict[tuple[Place, datetime], Tally] = field(default_factory=dict)
    reasons: dict[int, dict[str, Reason]] = field(default_factory=dict)


def merge(definition: BoardDefinition, a: Tally, b: Tally) -> Tally:
    """Return the tally of all the actions of two tallies that share none.

    With a limit of attempts the first by number are kept, and an action may be in both. Raises
    OverflowError when a sum leaves ±MAX_TOTAL.
    """
    if definition.attempts is None:
        return _merge_pair(definition, a, b)
    by_number = {attempt[0]: attempt for attempt in (*(a.attempts or ()), *(b.attempts or ()))}
    kept = [by_number[number] for number in sorted(by_number)[: definition.attempts]]
    attempts = tuple((number, value, tuple(columns)) for number, value, columns in kept)
    first, *rest = [_tally_of(attempt) for attempt in attempts]
    for tally in rest:
        first = _merge_pair(definition, first, tally)
    return first._replace(attempts=attempts)


def fold(definition: BoardDefinition, existing: Tally | None, tallies: Sequence[Tally]) -> Folded:
    """Add actions, each as its own tally, to what a player has, and say which do not count.

    An action beyond the limit of attempts gets NO_ATTEMPTS_LEFT; one that displaces another with a
    larger number counts, and the other keeps the answer that it got. OUT_OF_RANGE is for an action
    that would move a sum beyond ±MAX_TOTAL.
    """
    if len(tallies) == 1 and definition.attempts is None:
        return _fold_one(definition, existing, tallies[0])
    reasons: list[Reason | None] = []
    total = existing
    for tally in tallies:
        try:
            merged = tally if total is None else merge(definition, total, tally)
        except OverflowError:
            reasons.append(Reason.OUT_OF_RANGE)
            continue
        total = merged
        is_kept = merged.attempts is None or _has_attempt(merged.attempts, tally.reached_seq)
        reasons.append(None if is_kept else Reason.NO_ATTEMPTS_LEFT)
    return Folded(total, reasons)


def merge_all(definition: BoardDefinition, tallies: Iterable[Tally]) -> Tally:
    """Return the tally of a rolling board's buckets, at least one; a sum stops at ±MAX_TOTAL."""
    return reduce(partial(_merge_pair, definition, is_capped=True), tallies)


def group_size(definition: BoardDefinition) -> int:
    """Return how many bytes of a sort key are equal for players who are tied."""
    return 8 * (1 + len(definition.tie_breakers))


def sort_key(definition: BoardDefinition, tally: Tally) -> bytes:
    """Return the bytes that order a ranking, the smallest first.

    The value and each column as 8 bytes, then those of `reached_seq`.
    """
    signs = definition.signs
    if len(signs) == 1:
        sign = signs[0]
        return _PACK_TWO(sign * tally.value + (_OFFSET - (sign < 0)), tally.reached_seq)
    numbers = [
        sign * number + (_OFFSET - (sign < 0))
        for sign, number in zip(signs, (tally.value, *tally.columns), strict=True)
    ]
    return _PACKERS[len(numbers) + 1].pack(*numbers, tally.reached_seq)


def to_display(definition: BoardDefinition, value: int) -> int | float:
    """Return a stored value as readers see it: the double nearest to value / 10^decimals."""
    return value / 10**definition.decimals if definition.decimals else value


def fold_player(
    rules: Sequence[BoardRule],
    actions: Iterable[CountedAction],
    player: PlayerFacts | None,
    *,
    now: datetime,
) -> PlayerTallies:
    """Return the tallies of one player's applied actions, which come in the order of their numbers.

    On a rolling board those of buckets that have left it by `now` do not count.
    """
    result = PlayerTallies()
    starts = {
        rule.version.number: window_start(rule.definition, now)
        for rule in rules
        if rule.definition.period.kind is PeriodKind.ROLLING
    }
    reads_metadata = any(rule.definition.reads_metadata for rule in rules)
    for action in actions:
        metadata = parse_metadata(action.metadata) if reads_metadata else None
        for rule in rules:
            found = rule.contribute(action, metadata, player)
            if isinstance(found, Contribution):
                found = _count_in(result, rule, found, action.accepted_at, starts)
            if found is not None:
                reasons = result.reasons.setdefault(action.action_no, {})
                reasons[str(rule.definition.id)] = found
    return result


def _fold_one(definition: BoardDefinition, existing: Tally | None, tally: Tally) -> Folded:
    """Do what `fold` does for one action without a limit of attempts, which is nearly every one."""
    if existing is None:
        return Folded(tally, [None])
    try:
        return Folded(_merge_pair(definition, existing, tally), [None])
    except OverflowError:
        return Folded(existing, [Reason.OUT_OF_RANGE])


def _count_in(
    result: PlayerTallies,
    rule: BoardRule,
    found: Contribution,
    at: datetime,
    starts: Mapping[int, datetime],
) -> Reason | None:
    number, definition = rule.version.number, rule.definition
    place = number, found.period, found.segment
    bucket = bucket_at(definition, at) if number in starts else None
    if bucket is not None and bucket < starts[number]:
        return None
    total, (reason,) = fold(definition, result.tallies.get(place), [found.tally])
    if total is not None:
        result.tallies[place] = total
    if bucket is not None and reason is None:
        before = result.buckets.get((place, bucket))
        result.buckets[place, bucket] = (
            found.tally if before is None else merge_all(definition, (before, found.tally))
        )
    return reason


def _merge_pair(
    definition: BoardDefinition, a: Tally, b: Tally, *, is_capped: bool = False
) -> Tally:
    counted = a.counted + b.counted
    if definition.aggregate is Aggregate.LATEST:
        return (a if a.reached_seq > b.reached_seq else b)._replace(counted=counted)
    if definition.aggregate is Aggregate.BEST:
        best = b if _order(definition, b) < _order(definition, a) else a
        return Tally(best.value, best.columns, best.reached_seq, best.is_moved, counted)
    columns = a.columns and tuple(
        _add(one, other, is_capped) for one, other in zip(a.columns, b.columns, strict=True)
    )
    value = _add(a.value, b.value, is_capped)
    return Tally(value, columns, _reached_seq(a, b), a.is_moved or b.is_moved, counted)


def _order(definition: BoardDefinition, tally: Tally) -> tuple[int, ...]:
    """Return numbers that order tallies as their sort keys do."""
    signs, reached_seq = definition.signs, tally.reached_seq
    if len(signs) == 1:
        return signs[0] * tally.value, reached_seq
    numbers = zip(signs, (tally.value, *tally.columns), strict=True)
    return *(sign * number for sign, number in numbers), reached_seq


def _add(one: int, other: int, is_capped: bool) -> int:
    total = one + other
    if -MAX_TOTAL <= total <= MAX_TOTAL:
        return total
    if not is_capped:
        raise OverflowError("a sum is out of range")
    return MAX_TOTAL if total > 0 else -MAX_TOTAL


def _reached_seq(a: Tally, b: Tally) -> int:
    """Return the last action that changed the sum, the first one while none did."""
    if a.is_moved is b.is_moved:
        return (max if a.is_moved else min)(a.reached_seq, b.reached_seq)
    return a.reached_seq if a.is_moved else b.reached_seq


def _tally_of(attempt: Attempt) -> Tally:
    number, value, columns = attempt
    return Tally(value, columns, number, value != 0, 1)


def _has_attempt(attempts: Iterable[Attempt], number: int) -> bool:
    return any(attempt[0] == number for attempt in attempts)
