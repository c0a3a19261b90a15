"""The places of several users at once: for listeners who are shown where they stand."""

from collections.abc import Sequence
from uuid import UUID

from domain.boards.model import BoardId, Standing
from domain.boards.ranks import find_ranks
from domain.store.postgres.boards.standings import list_board_rows
from domain.store.store import Store

CHUNK_USERS = 500


def find_places(store: Store, *, board: BoardId, user_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Return the standings of those of these users who are on the board.

    Ranks are of the moment after the scores. Raises DatabaseUnavailableError.
    """
    places: dict[UUID, Standing] = {}
    for start in range(0, len(user_ids), CHUNK_USERS):
        chunk = user_ids[start : start + CHUNK_USERS]
        with store.write() as connection:
            rows = list_board_rows(connection, user_ids=chunk)
        ranks = find_ranks(store, board=board, user_ids=[row.user_id for row in rows])
        for row in rows:
            if rank := ranks.get(row.user_id):
                places[row.user_id] = Standing(
                    rank, row.user_id, row.username, row.score, row.last_updated
                )
    return places
