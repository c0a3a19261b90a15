"""Board: the sorted set has exactly the users, scores and order of the ranking in SQL.

Works while actions are processed: a user who differs is compared again until both agree, or until
the time within which they must agree is over. Called by `verifying.py`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID

from domain.boards.model import BoardId
from domain.errors import RedisUnavailableError
from domain.store.postgres.boards.standings import (
    BoardRow,
    list_board_chunk,
    list_board_rows,
    require_rows_of,
)
from domain.store.redis.boards import board_member, is_board_trusted
from domain.store.redis.contents.boards import (
    StoredRow,
    find_stale_members,
    iterate_members,
    read_rows,
)
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
    """Yield a sentence for each difference between the sorted set and SQL.

    Stops after about `limit` differences of each kind. Raises DatabaseUnavailableError.
    """
    require_rows_of(board)
    deadline = time.monotonic() + PROMISED_SECONDS
    try:
        if not _await_trust(store, board, deadline, sleep):
            yield "the board is not trusted: it was lost and has not been rebuilt"
            return
        differing = _walk_differing(store, board, limit)
        differing = _await_agreement(store, board, differing, deadline, sleep)
        for row in differing.values():
            stored = read_rows(store.redis, board=board, user_ids=[row.user_id]).get(row.user_id)
            yield f"user {row.user_id} {_describe(row, stored)}"
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
    """Return up to about `limit` users whose row in Redis is not the one SQL had a moment ago."""
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
    store: Store,
    board: BoardId,
    differing: Mapping[UUID, BoardRow],
    deadline: float,
    sleep: Sleep,
) -> dict[UUID, BoardRow]:
    """Compare those users again, with their rows of now, until they agree or the time is over."""
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
    stored = read_rows(store.redis, board=board, user_ids=[row.user_id for row in rows])
    return {row.user_id: row for row in rows if not _agrees(row, stored.get(row.user_id))}


def _agrees(row: BoardRow, stored: StoredRow | None) -> bool:
    """Return whether the stored row is this one or a later version of it."""
    if stored is None or stored.score is None:
        return False
    if stored.version > row.version:
        return True
    member = board_member(row.reached_seq, row.user_id)
    return (stored.version, stored.member, stored.score) == (row.version, member, row.score)


def _describe(row: BoardRow, stored: StoredRow | None) -> str:
    if stored is None or stored.score is None:
        return "is not on the board"
    if stored.score != row.score:
        return f"has {stored.score:.0f} on the board and the score {row.score}"
    if stored.version != row.version:
        return f"has version {stored.version} on the board and is at {row.version}"
    return "is misplaced among users with the same score"


def _check_members(store: Store, board: BoardId) -> Iterator[str]:
    """Yield the members of the sorted set that belong to no user of the ranking."""
    for members in iterate_members(store.redis, board=board):
        users = {member: _parse_user(member) for member in members}
        for member in find_stale_members(store.redis, board=board, members=members):
            yield f"the board has a member {member} that is no user's standing"
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
