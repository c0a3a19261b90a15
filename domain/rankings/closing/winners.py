"""Winners, pure: which rows of a closed ranking are granted which reward.

Called by `closing.py` with the rows of the first revision, in order.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple
from uuid import UUID

from domain.rankings.closing.sealing import RevisionRow
from domain.rankings.definition import Reward, TieRule

# At the end of a sort key: what orders players that the tie rule may make equal.
_REACHED_BYTES = 8
_HUNDRED = Decimal(100)


class Winner(NamedTuple):
    """A reward that a player has won, at the rank that the board shows."""

    user_id: UUID
    rank: int
    reward: str


@dataclass(frozen=True, slots=True)
class GrantedReward:
    """A reward that a player has; `reward_no` orders all rewards by when they were granted."""

    reward_no: int
    board: str
    period_key: str
    segment: str
    rank: int
    reward: str
    granted_at: datetime


def list_winners(
    rows: Iterable[RevisionRow], *, total: int, ties: TieRule, rewards: Sequence[Reward]
) -> Iterator[Winner]:
    """Yield each row's rewards, in the order of rows and rewards; stop reading behind the last one.

    A reward for ranks goes by the rank that the board's tie rule shows. One for a percentage goes
    to those who have fewer than `count_best` players of the `total` ahead of them: who is tied
    with the last of these gets it too, unless the tie rule puts one of the two first.
    """
    limits = [
        None if reward.percent is None else count_best(total, reward.percent) for reward in rewards
    ]
    for row, rank, ahead in rank_rows(rows, ties=ties):
        won = False
        for reward, limit in zip(rewards, limits, strict=True):
            if limit is not None:
                is_won, may_follow = ahead < limit, ahead < limit
            else:
                first, last = reward.ranks or (1, 0)
                is_won, may_follow = first <= rank <= last, rank <= last
            won = won or may_follow
            if is_won:
                yield Winner(row.user_id, rank, reward.reward)
        if not won:
            return


def count_best(total: int, percent: Decimal) -> int:
    """Return how many players a percentage of `total` is, rounded up: of 11, 10 % are two."""
    return int((total * percent / _HUNDRED).to_integral_value(ROUND_CEILING))


def rank_rows(
    rows: Iterable[RevisionRow], *, ties: TieRule
) -> Iterator[tuple[RevisionRow, int, int]]:
    """Yield each row with the rank that is shown and the number of players ahead of it."""
    group, groups, ahead = None, 0, 0
    for index, row in enumerate(rows):
        own = row.sort_key if ties is TieRule.FIRST_TO_REACH else row.sort_key[:-_REACHED_BYTES]
        if own != group or ties is TieRule.FIRST_TO_REACH:
            group, groups, ahead = own, groups + 1, index
        yield row, groups if ties is TieRule.DENSE else ahead + 1, ahead
