"""Joining a board: only actions that came in after it count, where joining is required.

Called by `web/routes/boards/board_joining.py`.
"""

from datetime import datetime
from uuid import UUID

from domain.boards.model import GLOBAL_BOARD, BoardId
from domain.errors import JoinRefusedError, NotFoundError
from domain.rankings.definition import GLOBAL_DEFINITION, BoardDefinition, Readers
from domain.rankings.model import Lifecycle
from domain.store.postgres.accounts.players import ensure_players
from domain.store.postgres.rankings.catalog import share_catalog
from domain.store.postgres.rankings.members import find_joined_at, insert_member
from domain.store.postgres.rankings.moves import lock_player_score
from domain.store.postgres.rankings.stored_boards import find_stored_board
from domain.store.postgres.transactions import read_clock
from domain.store.store import Connection, Store


def join_board(
    store: Store, *, board: BoardId, user_id: UUID, username: str | None, is_admin: bool
) -> datetime:
    """Let the player join the board, and return since when actions count; again changes nothing.

    A player of whom nothing is stored yet gets a row, named as by an action. Raises NotFoundError
    for a board that the player cannot see, and JoinRefusedError when nobody needs to join it or its
    season is over.
    """
    with store.write() as connection:
        share_catalog(connection)
        definition = _find_definition(connection, board, is_admin)
        if not definition.join_required:
            raise JoinRefusedError(
                "This board counts everybody: nobody joins it", details={"reason": "NOT_NEEDED"}
            )
        ensure_players(connection, claimed_names={user_id: username})
        # Which actions came in before joining is decided between two transactions of scoring.
        lock_player_score(connection, user_id=user_id)
        joined_at = find_joined_at(connection, board=board, user_id=user_id)
        if joined_at is not None:
            return joined_at
        now = read_clock(connection)
        if definition.period.end is not None and now >= definition.period.end:
            raise JoinRefusedError("The season is over", details={"reason": "SEASON_OVER"})
        insert_member(connection, board=board, user_id=user_id, joined_at=now)
        return now


def _find_definition(connection: Connection, board: BoardId, is_admin: bool) -> BoardDefinition:
    """Return the definition by which the board is read; raises NotFoundError when it is not."""
    if board == GLOBAL_BOARD:
        return GLOBAL_DEFINITION
    stored = find_stored_board(connection, board=board)
    if stored is None or stored.live is None or stored.lifecycle is not Lifecycle.ACTIVE:
        raise NotFoundError("There is no such board")
    definition = stored.live.definition
    if definition.readers is Readers.ADMINS and not is_admin:
        raise NotFoundError("There is no such board")
    return definition
