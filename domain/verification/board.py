"""Board: the sorted set has exactly the users, the scores and the order of the SQL ranking.

Works while actions go on: whatever differs is looked at again, until it agrees or the time that is
promised for it is over.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID

from domain.boards.model import BoardId
from domain.errors import RedisUnavailableError
from domain.store.postgres.boards.standings import BoardRow, list_board_chunk, list_board_rows
from domain.store.redis.board_contents import (
    StoredRow,
    find_stale_members,
    iterate_members,
    read_rows,
)
from domain.store.redis.boards import board_member, is_board_trusted
from domain.store.store import Store

PROMISED_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.1
CHUNK_USERS = 500
# A member is 19 digits, a colon and the user's id.
USER_OFFSET = 20

Sleep = Callable[[float], None]


def check_board(
    store: Store, *, board: BoardId, limit: int, sleep: Sleep = time.sleep
) -> Iterator[str]:
    """Yield a sentence for each difference between the board and SQL.

    Raises DatabaseUnavailableError.
    """
    deadline = time.monotonic() + PROMISED_SECONDS
    try:
        if not _await_trust(store, board, deadline, sleep):
            yield "the board is not trusted: it was lost and has not been rebuilt"
            return
        behind = _await_agreement(
            store, board, _walk_differing(store, board, limit), deadline, sleep
        )
        for row in behind.values():
            place = read_rows(store.redis, board=board, user_ids=[row.user_id]).get(row.user_id)
            yield f"user {row.user_id} {_describe(row, place)}"
        yield from islice(_check_members(store, board), limit)
    except RedisUnavailableError:
        yield "Redis does not answer: the board cannot be compared"


def _await_trust(store: Store, board: BoardId, deadline: float, sleep: Sleep) -> bool:
    while not is_board_trusted(store.redis, board=board):
        if time.monotonic() >= deadline:
            return False
        sleep(LOOK_EVERY_SECONDS)
    return True


def _walk_differing(store: Store, board: BoardId, limit: int) -> dict[UUID, BoardRow]:
    """Return up to about `limit` users whose place in Redis is not that of SQL a moment ago."""
    differing: dict[UUID, BoardRow] = {}
    last = None
    while len(differing) < limit:
        with store.write() as connection:
            rows = list_board_chunk(connection, after=last, limit=CHUNK_USERS)
        differing |= _differing(store, board, rows)
        if len(rows) < CHUNK_USERS:
            break
        last = rows[-1].user_id
    return differing


def _await_agreement(
    store: Store, board: BoardId, differing: Mapping[UUID, BoardRow], deadline: float, sleep: Sleep
) -> dict[UUID, BoardRow]:
    """Look again at those users, as they are now, until they agree or the time is over."""
    left = dict(differing)
    while left:
        with store.write() as connection:
            rows = list_board_rows(connection, user_ids=list(left))
        left = _differing(store, board, rows)
        if not left or time.monotonic() >= deadline:
            break
        sleep(LOOK_EVERY_SECONDS)
    return left


def _differing(store: Store, board: BoardId, rows: Sequence[BoardRow]) -> dict[UUID, BoardRow]:
    if not rows:
        return {}
    places = read_rows(store.redis, board=board, user_ids=[row.user_id for row in rows])
    return {row.user_id: row for row in rows if not _agrees(row, places.get(row.user_id))}


def _agrees(row: BoardRow, place: StoredRow | None) -> bool:
    """Return whether the place is this row's, or already that of a later one."""
    if place is None or place.score is None:
        return False
    if place.version > row.version:
        return True
    member = board_member(row.reached_seq, row.user_id)
    return (place.version, place.member, place.score) == (row.version, member, row.score)


def _describe(row: BoardRow, place: StoredRow | None) -> str:
    if place is None or place.score is None:
        return "is not on the board"
    if place.score != row.score:
        return f"has {place.score:.0f} on the board and the score {row.score}"
    if place.version != row.version:
        return f"has version {place.version} on the board and is at {row.version}"
    return "has a place among equals on the board that is not its own"


def _check_members(store: Store, board: BoardId) -> Iterator[str]:
    """Yield members of the sorted set that no user of the ranking stands behind."""
    for members in iterate_members(store.redis, board=board):
        users = {member: _parse_user(member) for member in members}
        for member in find_stale_members(store.redis, board=board, members=members):
            yield f"the board has a member {member} that is no user's place"
        wanted = [user_id for user_id in users.values() if user_id]
        with store.write() as connection:
            ranked = list_board_rows(connection, user_ids=wanted)
        for stranger in sorted(set(wanted) - {row.user_id for row in ranked}):
            yield f"the board has user {stranger}, who has no applied action"


def _parse_user(member: str) -> UUID | None:
    try:
        return UUID(member[USER_OFFSET:])
    except ValueError:
        return None
