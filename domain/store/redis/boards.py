"""Boards as sorted sets in Redis, written and read by scripts that guard versions and trust.

Every function raises RedisUnavailableError. An answer of None means that the board is not trusted,
because it may be incomplete; `domain/boards/reader.py` then asks SQL.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import orjson

from domain.boards.model import (
    MAX_REACHED_SEQ,
    BoardId,
    Page,
    Place,
    Standing,
    Top,
)
from domain.events.wire import parse_neighborhood, parse_top
from domain.store.redis import keys
from domain.store.redis.client import RedisClient

# Redis orders equal scores by member, descending here: the inverted seq puts the first to reach
# the score on top, as SQL's `ORDER BY score DESC, reached_seq` does.
_MAX_SEQ = MAX_REACHED_SEQ


class WrittenRow(Protocol):
    """What `write_rows` reads of a row from SQL; `updated_ms` is milliseconds since 1970.

    Without `reached_seq` the user is on the board no more.
    """

    @property
    def user_id(self) -> UUID | str: ...
    @property
    def username(self) -> str: ...
    @property
    def score(self) -> int: ...
    @property
    def reached_seq(self) -> int | None: ...
    @property
    def version(self) -> int: ...
    @property
    def updated_ms(self) -> int: ...


def _keys_of(board: BoardId) -> tuple[str, str]:
    return keys.board(board), keys.board_rows(board)


def board_member(reached_seq: int, user_id: UUID | str) -> str:
    """Return the sorted-set member of a user who reached the score at `reached_seq`."""
    return f"{_MAX_SEQ - reached_seq:019d}:{user_id}"


def write_rows(
    redis: RedisClient,
    rows: Sequence[WrittenRow],
    *,
    board: BoardId,
    batch_id: UUID | None = None,
    with_ranks: bool = False,
) -> dict[str, int] | None:
    """Write absolute standings and return the users' ranks after it, if `with_ranks`.

    A row that is older than the stored one changes nothing. Who is taken off is remembered for ten
    minutes, so that no older row comes back. With a batch id, the ranks before the
    write of those to whom somebody listens are kept for the batch's broadcast. The ranks are by the
    text of the user's id.
    """
    if not rows:
        return {}
    users = [str(row.user_id) for row in rows]
    members = [
        "" if row.reached_seq is None else board_member(row.reached_seq, user)
        for row, user in zip(rows, users, strict=True)
    ]
    answer = redis.run_script(
        "write_rows",
        [*_keys_of(board), keys.previous_ranks(board, batch_id or ""), keys.listened(board)],
        [
            keys.user_cache_prefix(board),
            keys.PREVIOUS_RANKS_TTL_SECONDS if batch_id else 0,
            int(with_ranks),
            # One argument: redis-py and the server take their time for each.
            orjson.dumps(
                [
                    users,
                    members,
                    [row.version for row in rows],
                    # As text: Lua would write a number anew.
                    [str(row.score) for row in rows],
                    [
                        f"{row.version}|{member}|{row.updated_ms}|{row.username}"
                        for row, member in zip(rows, members, strict=True)
                    ],
                ]
            ),
        ],
    )
    trusted, *ranks = answer
    if not trusted:
        return None
    return {user: rank for user, rank in zip(users, ranks, strict=with_ranks) if rank}


def find_top(redis: RedisClient, *, board: BoardId, size: int, now: datetime) -> Top | None:
    """Return the top and its position. Raises ValueError if the set has a damaged row."""
    raw = redis.run_script(
        "read_top",
        [*_keys_of(board), keys.bus_position(board)],
        [str(board), size, now.isoformat(), new_epoch()],
    )
    return parse_top(raw) if raw else None


def find_neighborhood(
    redis: RedisClient,
    *,
    board: BoardId,
    size: int,
    now: datetime,
    user_id: UUID,
    neighbors: int,
) -> tuple[Top, tuple[Standing, ...]] | None:
    """Return the top, and the standings around the user; none if the user is not on the board.

    Raises ValueError if the set has a damaged row.
    """
    raw = redis.run_script(
        "read_neighborhood",
        [*_keys_of(board), keys.bus_position(board)],
        [str(board), size, now.isoformat(), new_epoch(), str(user_id), neighbors],
    )
    return parse_neighborhood(raw) if raw else None


def find_page(
    redis: RedisClient, *, board: BoardId, after: Place, limit: int, now: datetime
) -> Page | None:
    """Return up to `limit` standings behind the place. Raises ValueError for a damaged row."""
    raw = redis.run_script(
        "read_page",
        [*_keys_of(board), keys.bus_position(board)],
        [
            str(board),
            limit,
            now.isoformat(),
            new_epoch(),
            after.score,
            board_member(after.reached_seq, after.user_id),
        ],
    )
    if not raw:
        return None
    top, standings = parse_neighborhood(raw)
    return Page(standings, top.total_users)


def find_ranks(
    redis: RedisClient, *, board: BoardId, user_ids: Sequence[UUID]
) -> dict[UUID, int] | None:
    """Return the ranks of those of these users who are on the board."""
    answer = redis.run_script("read_ranks", _keys_of(board), [str(user_id) for user_id in user_ids])
    if answer is None:
        return None
    return {user_id: rank for user_id, rank in zip(user_ids, answer, strict=True) if rank}


def find_rank_of_score(redis: RedisClient, *, board: BoardId, score: int) -> tuple[int, int] | None:
    """Return how many users there are, and the rank that one who reaches this score now gets."""
    answer = redis.run_script("read_rank_of_score", _keys_of(board), [score])
    return None if answer is None else (answer[0], answer[1])


def is_board_trusted(redis: RedisClient, *, board: BoardId) -> bool:
    """Return whether the board is complete for the server that answers, and its keys agree."""
    return bool(redis.run_script("is_trusted", _keys_of(board), []))


def begin_rebuild(redis: RedisClient, *, board: BoardId) -> str:
    """Empty the board and return the token of the rebuild that begins."""
    token = uuid4().hex
    redis.run_script("begin_rebuild", _keys_of(board), [token])
    return token


def continue_rebuild(redis: RedisClient, *, board: BoardId, token: str) -> bool:
    """Return whether the rebuild's token, and so what was written, is still there."""
    return bool(redis.run_script("continue_rebuild", [keys.board_rows(board)], [token]))


def finish_rebuild(redis: RedisClient, *, board: BoardId, token: str) -> bool:
    """Declare the board complete; return False if the token or a part of the board is lost."""
    return bool(redis.run_script("finish_rebuild", _keys_of(board), [token]))


def distrust(redis: RedisClient, *, board: BoardId) -> None:
    """Revoke the board's trust: SQL answers until the board has been rebuilt."""
    redis.run_script("distrust", [keys.board_rows(board)], [])


def new_epoch() -> str:
    """Return an epoch that was never used."""
    return uuid4().hex[:16]
