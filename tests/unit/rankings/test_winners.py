"""Winners: whom a closed ranking's rewards go to, for each tie rule."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from domain.rankings.closing.sealing import RevisionRow
from domain.rankings.closing.winners import count_best, list_winners, rank_rows
from domain.rankings.definition import Reward, TieRule

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def make_rows(values: Sequence[int]) -> list[RevisionRow]:
    """Return rows in order of falling values, the earlier one first of equal ones."""
    return [
        RevisionRow(
            UUID(int=number),
            value,
            (),
            number,
            (1000 - value).to_bytes(8) + number.to_bytes(8),
            NOW,
        )
        for number, value in enumerate(values)
    ]


def list_won(values: Sequence[int], ties: TieRule, *rewards: Reward) -> list[tuple[int, int, str]]:
    rows = make_rows(values)
    winners = list_winners(rows, total=len(rows), ties=ties, rewards=rewards)
    return [(winner.user_id.int, winner.rank, winner.reward) for winner in winners]


@pytest.mark.parametrize(
    ("ties", "ranks"),
    [
        (TieRule.FIRST_TO_REACH, [1, 2, 3, 4, 5]),
        (TieRule.COMPETITION, [1, 2, 2, 4, 4]),
        (TieRule.DENSE, [1, 2, 2, 3, 3]),
    ],
)
def test_ranks_follow_the_tie_rule(ties: TieRule, ranks: list[int]) -> None:
    rows = make_rows([9, 7, 7, 5, 5])
    assert [rank for _, rank, _ in rank_rows(rows, ties=ties)] == ranks


@pytest.mark.parametrize(
    ("ties", "winners"),
    [
        (TieRule.FIRST_TO_REACH, [(1, 2), (2, 3)]),
        (TieRule.COMPETITION, [(1, 2), (2, 2)]),
        (TieRule.DENSE, [(1, 2), (2, 2), (3, 3), (4, 3)]),
    ],
)
def test_a_reward_for_ranks_goes_by_the_rank_that_is_shown(
    ties: TieRule, winners: list[tuple[int, int]]
) -> None:
    won = list_won([9, 7, 7, 5, 5], ties, Reward("silver", ranks=(2, 3)))
    assert won == [(user, rank, "silver") for user, rank in winners]


@pytest.mark.parametrize(
    ("ties", "winners"),
    [
        (TieRule.FIRST_TO_REACH, [0, 1]),
        (TieRule.COMPETITION, [0, 1, 2]),
        (TieRule.DENSE, [0, 1, 2]),
    ],
)
def test_a_percentage_goes_to_those_with_few_enough_players_ahead(
    ties: TieRule, winners: list[int]
) -> None:
    won = list_won([9, 7, 7, 5, 5, 4], ties, Reward("best", percent=Decimal(33)))
    assert [user for user, _, _ in won] == winners


def test_a_player_may_win_several_rewards_and_an_empty_ranking_has_no_winner() -> None:
    rewards = [Reward("gold", ranks=(1, 1)), Reward("top", percent=Decimal(50))]
    assert list_won([3, 2, 1, 0], TieRule.DENSE, *rewards) == [
        (0, 1, "gold"),
        (0, 1, "top"),
        (1, 2, "top"),
    ]
    assert list_won([], TieRule.DENSE, *rewards) == []


def test_no_row_is_read_behind_the_last_winner() -> None:
    rows = iter(make_rows(range(900, 0, -1)))
    won = list_winners(
        rows, total=900, ties=TieRule.FIRST_TO_REACH, rewards=[Reward("gold", ranks=(1, 3))]
    )
    assert len(list(won)) == 3
    assert next(rows).reached_seq == 4


@pytest.mark.parametrize(
    ("total", "percent", "best"),
    [(11, "10", 2), (10, "10", 1), (1, "0.1", 1), (0, "10", 0), (1000, "0.1", 1), (7, "100", 7)],
)
def test_a_percentage_is_rounded_up(total: int, percent: str, best: int) -> None:
    assert count_best(total, Decimal(percent)) == best
