"""The sorted set of standings in Redis: written and read by scripts that guard versions and trust.

Every function raises RedisUnavailableError; an answer of None means that the board may not be
trusted now and SQL must answer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from redis import Redis

from domain.boards.model import to_milliseconds
from domain.store.postgres.boards.standings import BoardRow
from domain.store.redis import keys
from domain.store.redis.client import RedisClient

# Inverting keeps the set's own order of equal scores (by member) the tie rule: first come, higher.
_MAX_SEQ = 2**63 - 1


def _board() -> tuple[str, str, str]:
    return keys.board(), keys.board_rows(), keys.board_marker()


def board_member(reached_seq: int, user_id: UUID) -> str:
    """Return the sorted-set member of a user who reached the score at `reached_seq`."""
    return f"{_MAX_SEQ - reached_seq:019d}:{user_id}"


def write_rows(
    redis: RedisClient, rows: Sequence[BoardRow], *, batch_id: UUID | None = None
) -> tuple[bool, dict[UUID, int]]:
    """Write absolute standings and return whether the board is trusted, and the users' ranks now.

    With a batch id, the ranks before are kept for its broadcast.
    """
    args: list[Any] = [
        keys.user_cache_prefix(),
        keys.PREVIOUS_RANKS_TTL_SECONDS if batch_id else 0,
    ]
    for row in rows:
        args += (
            str(row.user_id),
            row.version,
            board_member(row.reached_seq, row.user_id),
            row.score,
            to_milliseconds(row.last_updated),
            row.username,
        )
    answer = redis.run_script("refresh", [*_board(), keys.previous_ranks(batch_id or "")], args)
    ranks = {row.user_id: rank for row, rank in zip(rows, answer[1:], strict=True) if rank}
    return bool(answer[0]), ranks


def find_top(redis: RedisClient, *, size: int, now: datetime) -> dict[str, Any] | None:
    """Return the top and its position in the wire form of `domain.events.wire.parse_top`."""
    raw = redis.run_script(
        "read_top", [*_board(), keys.bus_position()], [size, now.isoformat(), new_epoch()]
    )
    return orjson.loads(raw) if raw else None


def find_neighborhood(
    redis: RedisClient, *, size: int, now: datetime, user_id: UUID, neighbors: int
) -> dict[str, Any] | None:
    """Return the top, and `first` and `around`: the rows around the user and the first's rank."""
    raw = redis.run_script(
        "read_neighborhood",
        [*_board(), keys.bus_position()],
        [size, now.isoformat(), new_epoch(), str(user_id), neighbors],
    )
    return orjson.loads(raw) if raw else None


def find_ranks(redis: RedisClient, *, user_ids: Sequence[UUID]) -> dict[UUID, int] | None:
    """Return the ranks of those of these users who are on the board."""
    answer = redis.run_script("read_ranks", _board(), [str(user_id) for user_id in user_ids])
    if answer is None:
        return None
    return {user_id: rank for user_id, rank in zip(user_ids, answer, strict=True) if rank}


def is_board_trusted(redis: RedisClient) -> bool:
    """Return whether the board is complete for the server that answers."""
    return bool(redis.run_script("is_trusted", [keys.board_marker()], []))


def begin_rebuild(redis: RedisClient) -> str:
    """Empty the board and return the token of the rebuild that now begins."""
    token = uuid4().hex
    redis.run_script(
        "begin_rebuild", [*_board(), keys.board_rebuild()], [token, keys.REBUILD_TTL_SECONDS]
    )
    return token


def continue_rebuild(redis: RedisClient, *, token: str) -> bool:
    """Return whether nothing was lost since the rebuild began."""
    args = [token, keys.REBUILD_TTL_SECONDS]
    return bool(redis.run_script("continue_rebuild", [keys.board_rebuild()], args))


def finish_rebuild(redis: RedisClient, *, token: str) -> bool:
    """Declare the board complete; False if something was lost meanwhile."""
    answer = redis.run_script(
        "finish_rebuild", [keys.board_marker(), keys.board_rebuild()], [token]
    )
    return bool(answer)


def is_dense(redis: RedisClient) -> bool:
    """Return whether the set has as many members as the hash has users, of one moment."""

    def count(client: Redis) -> Any:
        with client.pipeline(transaction=True) as pipeline:
            pipeline.zcard(keys.board())
            pipeline.hlen(keys.board_rows())
            return pipeline.execute()

    members, users = redis.run(count)
    return bool(members == users)


def distrust(redis: RedisClient) -> None:
    """Take the board's trust away: SQL answers until it has been made anew."""
    redis.run(lambda client: client.delete(keys.board_marker()))


def new_epoch() -> str:
    """Return an epoch that was never used."""
    return uuid4().hex[:16]
