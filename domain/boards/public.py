"""What everybody may read of one player: the numbers, the score over time, the last actions.

Nobody is shown who is banned or has erased the account. Called by `web/routes/players/`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.accounts.names import is_generated
from domain.boards.model import BoardId
from domain.boards.players import PlayerScore, get_player_score
from domain.errors import NotFoundError
from domain.store.postgres.boards.public_players import (
    LastAction,
    ScorePoint,
    find_identity,
    list_last_actions,
    list_spread_points,
)
from domain.store.store import Connection, Store

MAX_POINTS = 120
MAX_LAST_ACTIONS = 10


@dataclass(frozen=True, slots=True)
class PlayerHistory:
    """The score over time, the first first, and the last applied actions, the newest first.

    Each point is the score with one action, as it was then. `is_whole` tells that there is a point
    for every applied action that is not archived.
    """

    points: Sequence[ScorePoint]
    is_whole: bool
    last_actions: Sequence[LastAction]


def require_public(store: Store, *, user_id: UUID) -> None:
    """Raise NotFoundError for who is unknown, banned or erased, and DatabaseUnavailableError."""
    with store.read() as connection:
        _require_public(connection, user_id)


def find_public_player(store: Store, *, board: BoardId, user_id: UUID) -> PlayerScore | None:
    """Return the player's numbers, None for who is not shown. Raises DatabaseUnavailableError."""
    with store.read() as connection:
        if not _is_public(connection, user_id):
            return None
    return get_player_score(store, board=board, user_id=user_id)


def get_history(store: Store, *, user_id: UUID) -> PlayerHistory:
    """Return at most MAX_POINTS points and MAX_LAST_ACTIONS actions.

    Raises NotFoundError as `require_public`, and DatabaseUnavailableError.
    """
    with store.read() as connection:
        _require_public(connection, user_id)
        last = list_last_actions(connection, user_id=user_id, limit=MAX_POINTS + 1)
        is_whole = len(last) <= MAX_POINTS
        applied = [action for action in last if action.is_applied]
        if is_whole:
            points: Sequence[ScorePoint] = [
                ScorePoint(action.accepted_at, action.new_score or 0)
                for action in reversed(applied)
            ]
        else:
            points = list_spread_points(connection, user_id=user_id, points=MAX_POINTS)
    return PlayerHistory(points, is_whole, applied[:MAX_LAST_ACTIONS])


def _require_public(connection: Connection, user_id: UUID) -> None:
    if not _is_public(connection, user_id):
        raise NotFoundError("There is no such player")


def _is_public(connection: Connection, user_id: UUID) -> bool:
    found = find_identity(connection, user_id=user_id)
    if found is None or found.is_banned:
        return False
    return not (found.is_nobody_s and is_generated(found.username))
