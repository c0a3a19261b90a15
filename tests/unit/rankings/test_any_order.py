"""However the actions of a ledger are merged, the rankings are those of the reference."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.rankings.counting import BoardRule, parse_metadata
from domain.rankings.definition import BoardDefinition, PeriodKind, PeriodRule
from domain.rankings.folding import (
    Place,
    fold,
    fold_player,
    merge,
    merge_all,
    sort_key,
)
from domain.rankings.model import (
    BoardVersion,
    Contribution,
    CountedAction,
    PlayerFacts,
    Reason,
    Tally,
    VersionState,
)
from domain.rankings.periods import (
    bucket_at,
    parse_period,
    period_after,
    period_at,
    period_before,
    window_start,
)
from tests import rankings_reference as reference
from tests.ledgers import BOARD, USERS, ZONES, cases, list_ranks, moments, periods

NUMBER = 7
# Cases are large; a busy machine takes its time.
patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TICK = timedelta(microseconds=1)

Players = dict[str, PlayerFacts]
Case = tuple[BoardDefinition, list[CountedAction], Players, datetime]
Rankings = Mapping[tuple[str, str], Sequence[reference.Entry]]
Tallies = Mapping[str, Mapping[Place, Tally]]


def make_rule(definition: BoardDefinition) -> BoardRule:
    return BoardRule(BoardVersion(NUMBER, 1, definition, VersionState.LIVE))


def rank_all(definition: BoardDefinition, tallies: Tallies) -> Rankings:
    """Return what the sort keys of tallies by player make of them."""
    rankings = defaultdict(list)
    for user, places in tallies.items():
        for (_, period, segment), tally in places.items():
            key = sort_key(definition, tally)
            rankings[period.key, segment].append((key, UUID(user), tally))
    return {
        ranking: [
            reference.Entry(rank, str(user), *tally[:3], tally.counted)
            for rank, (_, user, tally) in zip(
                list_ranks(definition, [key for key, *_ in rows]), rows, strict=True
            )
        ]
        for ranking, rows in ((ranking, sorted(rows)) for ranking, rows in rankings.items())
    }


def contribute_all(
    definition: BoardDefinition, ledger: Sequence[CountedAction], facts: Players
) -> dict[str, dict[Place, list[tuple[CountedAction, Tally]]]]:
    """Return each counted action's own tally, by player and place."""
    rule = make_rule(definition)
    found: dict[str, dict[Place, list[tuple[CountedAction, Tally]]]] = defaultdict(dict)
    for action in ledger:
        metadata = parse_metadata(action.metadata)
        counts = rule.contribute(action, metadata, facts.get(action.user_id))
        if isinstance(counts, Contribution):
            place = NUMBER, counts.period, counts.segment
            found[action.user_id].setdefault(place, []).append((action, counts.tally))
    return found


def merge_anyhow(definition: BoardDefinition, tallies: list[Tally], random: Random) -> Tally:
    """Merge pairs in a random order until one tally is left."""
    tallies = list(tallies)
    while len(tallies) > 1:
        random.shuffle(tallies)
        tallies.append(merge(definition, tallies.pop(), tallies.pop()))
    return tallies[0]


@patiently
@given(cases())
def test_an_action_counts_exactly_as_in_the_reference(case: Case) -> None:
    definition, ledger, facts, _ = case
    rule = make_rule(definition)
    for action in ledger:
        found = rule.contribute(action, parse_metadata(action.metadata), facts.get(action.user_id))
        why_not = reference.why_not(definition, action, facts)
        if isinstance(found, Contribution):
            counted = reference.count(definition, action)
            assert why_not is None
            assert found.period.key == reference.period_of(definition, action.accepted_at)
            assert found.segment == reference.segment_of(definition, action, facts)
            assert found.tally[:3] == (counted.value, counted.columns, action.action_no)
        else:
            assert why_not == (found or "")


@patiently
@given(cases(), st.randoms(use_true_random=False))
def test_tallies_merged_in_any_order_are_those_of_the_reference(case: Case, random: Random) -> None:
    definition, ledger, facts, now = case
    is_rolling = definition.period.kind is PeriodKind.ROLLING
    start = window_start(definition, now) if is_rolling else None
    tallies: dict[str, dict[Place, Tally]] = defaultdict(dict)
    for user, places in contribute_all(definition, ledger, facts).items():
        for place, found in places.items():
            counting = [
                tally
                for action, tally in found
                if start is None or bucket_at(definition, action.accepted_at) >= start
            ]
            if counting:
                tallies[user][place] = merge_anyhow(definition, counting, random)
    assert rank_all(definition, tallies) == reference.rank_all(definition, ledger, facts, now)


@patiently
@given(cases())
def test_a_players_actions_replayed_are_those_of_the_reference(case: Case) -> None:
    definition, ledger, facts, now = case
    rule = make_rule(definition)
    tallies = {}
    for user in USERS:
        mine = [action for action in ledger if action.user_id == user]
        replayed = fold_player([rule], mine, facts.get(user), now=now)
        tallies[user] = replayed.tallies
        for action in mine:
            reason = replayed.reasons.get(action.action_no, {}).get(str(BOARD))
            expected = reference.why_not(definition, action, facts) or None
            assert reason in (expected, Reason.NO_ATTEMPTS_LEFT)
            assert expected is None or reason == expected
        if definition.period.kind is PeriodKind.ROLLING:
            for place, tally in replayed.tallies.items():
                buckets = [part for (of, _), part in replayed.buckets.items() if of == place]
                assert merge_all(definition, buckets) == tally
    assert rank_all(definition, tallies) == reference.rank_all(definition, ledger, facts, now)


@patiently
@given(cases(), st.randoms(use_true_random=False))
def test_attempts_counted_in_any_order_and_twice_are_the_first_ones(
    case: Case, random: Random
) -> None:
    definition, ledger, facts, _ = case
    definition = replace(definition, attempts=definition.attempts or 2)
    for places in contribute_all(definition, ledger, facts).values():
        for found in places.values():
            first = {action.action_no for action, _ in found[: definition.attempts]}
            tallies = [tally for _, tally in found]
            random.shuffle(tallies)
            total, reasons = fold(definition, None, tallies + tallies[:2])
            assert total is not None
            assert {number for number, *_ in total.attempts or ()} == first
            assert total.counted == len(first)
            assert set(reasons) <= {None, Reason.NO_ATTEMPTS_LEFT}


@patiently
@given(st.sampled_from(sorted(ZONES)).map(ZoneInfo), st.data())
def test_a_period_has_exactly_the_moments_of_its_key(zone: ZoneInfo, data: st.DataObject) -> None:
    rule: PeriodRule = data.draw(periods(zone))
    definition = BoardDefinition(BOARD, period=rule, time_zone=zone)
    at = data.draw(moments(zone))
    period = period_at(definition, at)
    key_of = partial(reference.period_of, definition)
    assert (period and period.key) == key_of(at)
    if period is None or period.start is None or period.end is None:
        return
    assert key_of(period.start) == key_of(period.end - TICK) == period.key
    assert key_of(period.start - TICK) != period.key != key_of(period.end)
    assert parse_period(definition, period.key) == period
    if rule.kind is not PeriodKind.SEASON:
        before, after = period_before(definition, period), period_after(definition, period)
        assert before is not None
        assert after is not None
        assert (before.end, after.start) == (period.start, period.end)
        assert period_after(definition, before) == period_before(definition, after) == period


@patiently
@given(st.sampled_from(sorted(ZONES)).map(ZoneInfo), st.sampled_from((1, 7, 30)), st.data())
def test_a_window_never_goes_back_and_holds_its_length(
    zone: ZoneInfo, days: int, data: st.DataObject
) -> None:
    window = timedelta(days=days)
    rule = PeriodRule(PeriodKind.ROLLING, window=window)
    definition = BoardDefinition(BOARD, period=rule, time_zone=zone)
    first, second = sorted(data.draw(moments(zone)) for _ in range(2))
    assert window_start(definition, first) <= window_start(definition, second)
    assert window_start(definition, second) <= second - window
    assert bucket_at(definition, window_start(definition, second)) == window_start(
        definition, second
    )
