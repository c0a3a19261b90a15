"""The board made anew from SQL, and compared with it: all writes go through the guarded script."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.store import board
from domain.store.connections import Store
from domain.store.standings import BoardRow, list_board_chunk

CHUNK_USERS = 1000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a walk over all users found: how many there are, and how many had to be mended."""

    users: int
    repaired: int


def rebuild_board(store: Store) -> bool:
    """Fill the board from SQL; refreshes write on beside it, newer versions win.

    Returns False if Redis lost something meanwhile: the board stays untrusted and the caller
    begins again. Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    token = board.begin_rebuild(store.redis)
    for rows in _walk(store):
        if not board.continue_rebuild(store.redis, token=token):
            return False
        board.write_rows(store.redis, rows)
    return board.finish_rebuild(store.redis, token=token)


def compare_board(store: Store) -> Comparison:
    """Compare every user on the board in SQL with the board and write again what is behind.

    Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    users = repaired = 0
    for rows in _walk(store):
        stored = board.find_versions(store.redis, user_ids=[row.user_id for row in rows])
        behind = [row for row in rows if stored.get(row.user_id, -1) < row.version]
        if behind:
            board.write_rows(store.redis, behind)
        users += len(rows)
        repaired += len(behind)
    return Comparison(users, repaired)


def _walk(store: Store) -> Iterator[list[BoardRow]]:
    last = None
    while True:
        with store.begin() as connection:
            rows = list_board_chunk(connection, after=last, limit=CHUNK_USERS)
        if rows:
            yield rows
        if len(rows) < CHUNK_USERS:
            return
        last = rows[-1].user_id
