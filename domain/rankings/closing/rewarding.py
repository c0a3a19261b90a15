"""Rewards of a player: what closed periods have granted.

Called by `web/routes/own/own_account.py`; `closing.py` grants them.
"""

from uuid import UUID

from domain.rankings.closing.winners import GrantedReward
from domain.store.postgres.rankings.closing.rewards import list_rewards_of
from domain.store.store import Store


def list_rewards(
    store: Store, *, user_id: UUID, before_no: int | None, limit: int
) -> tuple[list[GrantedReward], int | None]:
    """Return a page of a player's rewards, the last one first, and the next page's `before_no`.

    Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        rows = list_rewards_of(connection, user_id=user_id, before_no=before_no, limit=limit + 1)
    return rows[:limit], rows[limit - 1].reward_no if len(rows) > limit else None
