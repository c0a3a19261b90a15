"""Rebuilds the sorted set of a board from SQL, and compares the two; called by the keeper.

All rows go through the script that refuses older versions, so refreshes may write at any time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from domain.boards.model import BoardId
from domain.store.patience import write_patiently
from domain.store.postgres.boards.standings import BoardRow, list_board_chunk, require_rows_of
from domain.store.redis import boards
from domain.store.redis.contents.boards import StoredRow, read_rows
from domain.store.store import Store

CHUNK_USERS = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a walk over all users found: how many there are, and how many were written again.

    A board that is not sound is no longer trusted.
    """

    users: int
    repaired: int
    is_sound: bool


def rebuild_board(store: Store, *, board: BoardId) -> bool:
    """Empty the board, fill it from SQL and declare it complete.

    Returns False if Redis lost data meanwhile: the board stays untrusted, and the caller rebuilds
    it again. Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    require_rows_of(board)
    token = boards.begin_rebuild(store.redis, board=board)
    for rows in _walk(store):
        if not boards.continue_rebuild(store.redis, board=board, token=token):
            return False
        write_patiently(partial(boards.write_rows, store.redis, rows, board=board))
    return boards.finish_rebuild(store.redis, board=board, token=token)


def compare_board(store: Store, *, board: BoardId) -> Comparison:
    """Compare every row in SQL with the stored one, and write missing and older ones again.

    No write repairs a misplaced row (its version is right, its member or score is not) or a member
    too many: then the board loses its trust and is rebuilt. Raises DatabaseUnavailableError and
    RedisUnavailableError.
    """
    require_rows_of(board)
    users = repaired = 0
    is_sound = boards.is_board_trusted(store.redis, board=board)
    for rows in _walk(store):
        stored = read_rows(store.redis, board=board, user_ids=[row.user_id for row in rows])
        behind = [row for row in rows if _version(stored, row) < row.version]
        if behind:
            boards.write_rows(store.redis, behind, board=board)
        suspects = [row for row in rows if _is_misplaced(stored, row)]
        is_sound = is_sound and not (suspects and _find_misplaced(store, board, suspects))
        users += len(rows)
        repaired += len(behind)
    if not is_sound:
        boards.distrust(store.redis, board=board)
    return Comparison(users, repaired, is_sound)


def _find_misplaced(store: Store, board: BoardId, suspects: Sequence[BoardRow]) -> list[BoardRow]:
    """Read again: a row may have changed between the two reads of its hash and its member."""
    stored = read_rows(store.redis, board=board, user_ids=[row.user_id for row in suspects])
    return [row for row in suspects if _is_misplaced(stored, row)]


def _version(stored_rows: Mapping[UUID, StoredRow], row: BoardRow) -> int:
    stored = stored_rows.get(row.user_id)
    return stored.version if stored else -1


def _is_misplaced(stored_rows: Mapping[UUID, StoredRow], row: BoardRow) -> bool:
    """Return whether the stored row has this row's version and another member or score."""
    stored = stored_rows.get(row.user_id)
    if stored is None or stored.version != row.version:
        return False
    member = boards.board_member(row.reached_seq, row.user_id)
    return (stored.member, stored.score) != (member, row.score)


def _walk(store: Store) -> Iterator[list[BoardRow]]:
    """Yield all rows in chunks, from the primary: a replica's would seem to be misplaced."""
    last = None
    while True:
        with store.write() as connection:
            rows = list_board_chunk(connection, after=last, limit=CHUNK_USERS)
        if rows:
            yield rows
        if len(rows) < CHUNK_USERS:
            return
        last = rows[-1].user_id
