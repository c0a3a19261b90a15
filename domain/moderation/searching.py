"""What moderators look up: players by name, and all that is known of one.

Called by the routes of moderation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.accounts.lookalikes import skeleton
from domain.accounts.names import username_key
from domain.errors import NotFoundError
from domain.moderation.snoozing import list_running
from domain.store.postgres.actions.stored_actions import StoredAction, list_user_actions
from domain.store.postgres.moderation.act_lists import ActRow, list_acts_of_user
from domain.store.postgres.moderation.appeals import AppealRow, list_appeals
from domain.store.postgres.moderation.players import (
    ClientRow,
    PlayerRow,
    find_player,
    list_clients,
    list_players,
)
from domain.store.postgres.moderation.snoozes import read_snoozes
from domain.store.store import Store

SHOWN_ACTIONS = 50
SHOWN_ACTS = 50
SHOWN_APPEALS = 50


@dataclass(frozen=True, slots=True)
class PlayerOverview:
    """What moderators see of one player: the last actions, acts, appeals and clients."""

    player: PlayerRow
    actions: Sequence[StoredAction]
    acts: Sequence[ActRow]
    appeals: Sequence[AppealRow]
    clients: Sequence[ClientRow]
    snoozes: Mapping[str, datetime]


def search_players(
    store: Store, *, name: str, after: str | None, limit: int
) -> tuple[list[PlayerRow], str | None]:
    """Return players whose name begins so, whatever the case, and the one whose name looks so.

    With a page comes where the next one begins, or None. Raises DatabaseUnavailableError.
    """
    with store.read() as connection:
        rows = list_players(
            connection,
            prefix=username_key(name),
            skeleton=skeleton(name),
            after=after or "",
            limit=limit + 1,
        )
    return rows[:limit], rows[limit - 1].username_key if len(rows) > limit else None


def get_player(store: Store, *, user_id: UUID, now: datetime) -> PlayerOverview:
    """Return what is known of a player. Raises NotFoundError and DatabaseUnavailableError."""
    with store.write() as connection:
        player = find_player(connection, user_id=user_id)
        if player is None:
            raise NotFoundError("There is no such user")
        return PlayerOverview(
            player=player,
            actions=list_user_actions(
                connection, user_id=user_id, before_no=None, limit=SHOWN_ACTIONS
            ),
            acts=list_acts_of_user(connection, user_id=user_id, limit=SHOWN_ACTS),
            appeals=list_appeals(connection, user_id=user_id, limit=SHOWN_APPEALS),
            clients=list_clients(connection, user_id=user_id),
            snoozes=list_running(read_snoozes(connection, user_id=user_id), now=now),
        )
