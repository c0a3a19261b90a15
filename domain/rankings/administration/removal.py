"""The end of a board that was deleted: when its rankings are gone, so are its members and itself.

Its versions are retired, and the rows of retired versions are removed before. Called by the keeper.
"""

from domain.store.postgres.rankings.removal import (
    claim_deleted_board,
    delete_board_row,
    delete_members,
)
from domain.store.store import Store


def remove_deleted_boards(store: Store, *, limit: int) -> int:
    """Remove what is left of deleted boards, `limit` rows a transaction; return how many boards."""
    removed = 0
    while True:
        with store.write() as connection:
            board = claim_deleted_board(connection)
            if board is None:
                return removed
            if delete_members(connection, board=board, limit=limit) < limit:
                delete_board_row(connection, board=board)
                removed += 1
