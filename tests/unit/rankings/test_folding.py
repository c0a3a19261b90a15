"""How tallies merge, what is refused, and which bytes order them."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from domain.boards.model import BoardId
from domain.rankings.counting import BoardRule
from domain.rankings.definition import (
    Aggregate,
    BoardDefinition,
    Direction,
    PeriodKind,
    PeriodRule,
    TieBreaker,
    ValueSource,
)
from domain.rankings.folding import (
    MAX_TOTAL,
    fold,
    fold_player,
    group_size,
    merge,
    merge_all,
    sort_key,
    to_display,
)
from domain.rankings.model import (
    MAX_VALUE,
    BoardVersion,
    CountedAction,
    Reason,
    Tally,
    VersionState,
)

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECONDS = TieBreaker(ValueSource("metadata.seconds"), Direction.ASC)


def make_board(aggregate: Aggregate = Aggregate.SUM, **fields: Any) -> BoardDefinition:
    return BoardDefinition(BoardId("runs"), aggregate=aggregate, **fields)


def make_tally(number: int, value: int, *columns: int, limited: bool = False) -> Tally:
    attempts = ((number, value, columns),) if limited else None
    return Tally(value, columns, number, value != 0, 1, attempts)


@pytest.mark.parametrize(
    ("aggregate", "actions", "expected"),
    [
        (Aggregate.SUM, [(1, 5, 9), (2, -5, 1), (3, 0, 0)], Tally(0, (10,), 2, True, 3)),
        (Aggregate.SUM, [(4, 0, 1), (5, 0, 1)], Tally(0, (2,), 4, False, 2)),
        (Aggregate.BEST, [(1, 5, 9), (2, 7, 8), (3, 7, 6), (4, 7, 6)], Tally(7, (6,), 3, True, 4)),
        (Aggregate.LATEST, [(1, 5, 9), (3, 2, 8), (2, 7, 6)], Tally(2, (8,), 3, True, 3)),
        (Aggregate.COUNT, [(1, 1, 9), (3, 1, 8), (2, 1, 6)], Tally(3, (23,), 3, True, 3)),
    ],
)
def test_each_aggregate_merges_in_any_order(
    aggregate: Aggregate, actions: list[tuple[int, int, int]], expected: Tally
) -> None:
    board = make_board(aggregate, tie_breakers=(SECONDS,))
    for order in permutations(make_tally(*action) for action in actions):
        total = order[0]
        for tally in order[1:]:
            total = merge(board, total, tally)
        assert total == expected


def test_attempts_are_the_first_by_number_whichever_came_first() -> None:
    board = make_board(attempts=2, tie_breakers=(SECONDS,))
    late = fold(
        board, None, [make_tally(5, 50, 1, limited=True), make_tally(7, 70, 2, limited=True)]
    )
    assert late.reasons == [None, None]
    assert fold(board, late.tally, [make_tally(9, 90, 3, limited=True)]) == (
        late.tally,
        [Reason.NO_ATTEMPTS_LEFT],
    )
    # A released one counts, and takes the place of the last.
    released = fold(board, late.tally, [make_tally(3, 30, 4, limited=True)])
    attempts = ((3, 30, (4,)), (5, 50, (1,)))
    assert released == (Tally(80, (5,), 5, True, 2, attempts), [None])


def test_attempts_as_json_keeps_them_are_merged_too() -> None:
    board = make_board(attempts=2, tie_breakers=(SECONDS,))
    stored = make_tally(5, 50, 1)._replace(attempts=([5, 50, [1]],))
    merged = merge(board, stored, make_tally(6, 60, 2, limited=True))
    assert merged == Tally(110, (3,), 6, True, 2, ((5, 50, (1,)), (6, 60, (2,))))


def test_what_would_move_a_sum_out_of_range_is_refused() -> None:
    board = make_board(tie_breakers=(SECONDS,))
    full = Tally(MAX_TOTAL - 5, (0,), 1, True, 1)
    folded = fold(board, full, [make_tally(2, 6, 0), make_tally(3, 5, 0), make_tally(4, 1, 0)])
    assert folded.reasons == [Reason.OUT_OF_RANGE, None, Reason.OUT_OF_RANGE]
    assert folded.tally == Tally(MAX_TOTAL, (0,), 3, True, 2)
    full_column = Tally(0, (-MAX_TOTAL,), 1, True, 1)
    assert fold(board, full_column, [make_tally(2, 0, -1)]).reasons == [Reason.OUT_OF_RANGE]
    with pytest.raises(OverflowError):
        merge(board, full, full)


def test_buckets_that_are_too_much_together_stop_at_the_bound() -> None:
    board = make_board()
    full = Tally(MAX_TOTAL, (), 1, True, 1)
    assert merge_all(board, [full, full._replace(reached_seq=2)]) == Tally(
        MAX_TOTAL, (), 2, True, 2
    )
    owed = full._replace(value=-MAX_TOTAL)
    assert merge_all(board, [owed, owed]).value == -MAX_TOTAL
    assert merge_all(board, [full]) == full


def test_nothing_is_nothing() -> None:
    assert fold(make_board(), None, []) == (None, [])


@pytest.mark.parametrize("value", [Direction.ASC, Direction.DESC])
@pytest.mark.parametrize("column", [Direction.ASC, Direction.DESC])
def test_sort_keys_are_in_the_order_of_the_numbers(value: Direction, column: Direction) -> None:
    board = make_board(direction=value, tie_breakers=(TieBreaker(ValueSource("1"), column),))
    signs = [-1 if direction is Direction.DESC else 1 for direction in (value, column)]
    numbers = (-MAX_TOTAL, -MAX_VALUE, -256, -1, 0, 1, 255, 256, MAX_VALUE, MAX_TOTAL)
    tallies = [
        Tally(first, (second,), reached, True, 1)
        for first in numbers
        for second in numbers
        for reached in (1, 2, 2**63 - 1)
    ]
    by_numbers = sorted(
        tallies,
        key=lambda tally: (signs[0] * tally.value, signs[1] * tally.columns[0], tally.reached_seq),
    )
    assert sorted(tallies, key=lambda tally: sort_key(board, tally)) == by_numbers


def test_a_sort_key_is_fixed_bytes() -> None:
    board = make_board(tie_breakers=(SECONDS,))
    key = sort_key(board, Tally(1, (1,), 3, True, 1))
    assert key.hex() == "7ffffffffffffffe" + "8000000000000001" + "0000000000000003"
    assert group_size(board) == 16
    assert (
        len(sort_key(make_board(tie_breakers=(SECONDS,) * 4), Tally(0, (0,) * 4, 1, True, 1))) == 48
    )


def test_values_are_shown_with_their_decimals() -> None:
    assert to_display(make_board(), 5) == 5
    assert isinstance(to_display(make_board(), 5), int)
    assert to_display(make_board(decimals=2), 268) == 2.68
    assert to_display(make_board(decimals=3), -1) == -0.001
    assert to_display(make_board(decimals=1), MAX_TOTAL) == 922337203685477580.7


def test_a_player_replayed_has_the_buckets_of_the_window() -> None:
    board = make_board(period=PeriodRule(PeriodKind.ROLLING, window=timedelta(hours=24)))
    rule = BoardRule(BoardVersion(3, 1, board, VersionState.BUILDING))
    actions = [
        CountedAction(number, "ada", None, number, None, AT + hours * HOUR)
        for number, hours in enumerate((-25, -24, -24, 0), start=1)
    ]
    replayed = fold_player([rule], actions, None, now=AT + HOUR / 2)
    ((place, total),) = replayed.tallies.items()
    assert (place[0], place[1].key, place[2]) == (3, "rolling", "")
    assert total == Tally(9, (), 4, True, 3)
    assert replayed.buckets == {
        (place, AT - 24 * HOUR): Tally(5, (), 3, True, 2),
        (place, AT): Tally(4, (), 4, True, 1),
    }


def test_a_player_replayed_has_the_reasons_by_board() -> None:
    limited = make_board(attempts=1)
    missing = BoardDefinition(BoardId("times"), value=ValueSource("metadata.seconds"))
    rules = [
        BoardRule(BoardVersion(number, 1, board, VersionState.LIVE))
        for number, board in enumerate((limited, missing))
    ]
    actions = [
        CountedAction(1, "ada", None, 1, None, AT),
        CountedAction(2, "ada", None, 2, '{"seconds": 3}', AT),
    ]
    replayed = fold_player(rules, actions, None, now=AT)
    assert replayed.reasons == {
        1: {"times": Reason.VALUE_MISSING},
        2: {"runs": Reason.NO_ATTEMPTS_LEFT},
    }
    assert [tally.value for tally in replayed.tallies.values()] == [1, 3]
