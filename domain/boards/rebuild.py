"""The board made anew from SQL, and compared with it: all writes go through the guarded script."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.boards.model import BoardId
from domain.store.postgres.boards.standings import BoardRow, list_board_chunk
from domain.store.redis import boards
from domain.store.redis.board_contents import StoredRow, read_rows
from domain.store.store import Store

CHUNK_USERS = 1000


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a walk over all users found: how many there are, how many had to be mended.

    A board that is not sound has lost its trust.
    """

    users: int
    repaired: int
    is_sound: bool


def rebuild_board(store: Store, *, board: BoardId) -> bool:
    """Fill the board from SQL; refreshes write on beside it, newer versions win.

    Returns False if Redis lost something meanwhile: the board stays untrusted and the caller
    begins again. Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    token = boards.begin_rebuild(store.redis, board=board)
    for rows in _walk(store):
        if not boards.continue_rebuild(store.redis, board=board, token=token):
            return False
        boards.write_rows(store.redis, rows, board=board)
    return boards.finish_rebuild(store.redis, board=board, token=token)


def compare_board(store: Store, *, board: BoardId) -> Comparison:
    """Compare every user on the board in SQL with the board and write again what is behind.

    What no newer version can mend (a place that is not its version's, a member too many) costs the
    board its trust: it is made anew. Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    users = repaired = 0
    is_sound = boards.is_dense(store.redis, board=board)
    for rows in _walk(store):
        places = read_rows(store.redis, board=board, user_ids=[row.user_id for row in rows])
        behind = [row for row in rows if _version(places, row) < row.version]
        if behind:
            boards.write_rows(store.redis, behind, board=board)
        crooked = [row for row in rows if not _stands_well(places, row)]
        is_sound = is_sound and not (crooked and _find_crooked(store, board, crooked))
        users += len(rows)
        repaired += len(behind)
    if not is_sound:
        boards.distrust(store.redis, board=board)
    return Comparison(users, repaired, is_sound)


def _find_crooked(store: Store, board: BoardId, rows: list[BoardRow]) -> list[BoardRow]:
    """Look again: between the two reads of a place its user may have moved."""
    places = read_rows(store.redis, board=board, user_ids=[row.user_id for row in rows])
    return [row for row in rows if not _stands_well(places, row)]


def _version(places: Mapping[UUID, StoredRow], row: BoardRow) -> int:
    place = places.get(row.user_id)
    return place.version if place else -1


def _stands_well(places: Mapping[UUID, StoredRow], row: BoardRow) -> bool:
    """Return whether a place of this row's version is this row's place."""
    place = places.get(row.user_id)
    if place is None or place.version != row.version:
        return True
    return (place.member, place.score) == (
        boards.board_member(row.reached_seq, row.user_id),
        row.score,
    )


def _walk(store: Store) -> Iterator[list[BoardRow]]:
    last = None
    while True:
        with store.write() as connection:
            rows = list_board_chunk(connection, after=last, limit=CHUNK_USERS)
        if rows:
            yield rows
        if len(rows) < CHUNK_USERS:
            return
        last = rows[-1].user_id
