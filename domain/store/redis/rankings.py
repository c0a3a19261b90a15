"""Rankings as sorted sets in Redis: written by one script, which guards versions and trust.

As on the global board, a set is read only while it is trusted; see `boards.py`. Read by
`ranking_reads.py`. Every function raises RedisUnavailableError. Two rankings share no key.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import uuid4

import orjson

from domain.store.redis import keys
from domain.store.redis.client import RedisClient

# Rows of one script call: it keeps the server from other work, and Lua's stack is bounded.
MAX_ROWS = 1000
DENSE = "dense"


class RowWrite(NamedTuple):
    """A player's row: `member` is the sort key in hexadecimal digits, None removes the player.

    `updated_ms` is milliseconds since 1970.
    """

    user_id: str
    member: str | None
    version: int
    updated_ms: int


class RankingWrite(NamedTuple):
    """Rows of one ranking, each player's once.

    `group_bytes` of the sort key are what tied players share. `day` is the label of the board's
    local day, such as 2026-11-26: labels sort as days do; "" keeps no start of the day.
    """

    ranking_no: int
    is_dense: bool
    group_bytes: int
    day: str
    rows: Sequence[RowWrite]


def write_rankings(redis: RedisClient, writes: Sequence[RankingWrite]) -> list[int]:
    """Write absolute rows; one that is not newer than the stored one changes nothing.

    A removed player is remembered for ten minutes, so that no older row comes back. Return the
    rankings that have no marker of this run of the server: they are not trusted, and nobody
    rebuilds them.
    """
    unmarked: set[int] = set()
    for part in _split(writes):
        answer: list[int] = redis.run_script(
            "rankings/write", _sets(write.ranking_no for write in part), [*map(_dump, part)]
        )
        unmarked.update(part[index - 1].ranking_no for index in answer)
    return sorted(unmarked)


def list_trusted(redis: RedisClient, *, rankings: Mapping[int, bool]) -> set[int]:
    """Return those of the rankings that are complete; each with whether its ties rank densely."""
    kinds = [DENSE if is_dense else "" for is_dense in rankings.values()]
    answer = redis.run_script("rankings/is_trusted", _sets(rankings), kinds)
    return {number for number, is_trusted in zip(rankings, answer, strict=True) if is_trusted}


def begin_rebuild(redis: RedisClient, *, ranking_nos: Sequence[int]) -> str:
    """Empty rankings and return the token of their rebuild, which begins.

    The rows must be read from SQL after that.
    """
    token = uuid4().hex
    redis.run_script("rankings/begin_rebuild", _sets(ranking_nos), [token])
    return token


def continue_rebuild(redis: RedisClient, *, ranking_nos: Sequence[int], token: str) -> set[int]:
    """Return those of the rankings where the token, and so what was written, is still there."""
    return _pick("rankings/continue_rebuild", redis, ranking_nos, token)


def finish_rebuild(redis: RedisClient, *, ranking_nos: Sequence[int], token: str) -> set[int]:
    """Declare rankings complete; return those of them whose token and parts were all there."""
    return _pick("rankings/finish_rebuild", redis, ranking_nos, token)


def distrust(redis: RedisClient, *, ranking_nos: Sequence[int]) -> None:
    """Revoke the rankings' trust: SQL answers until they have been rebuilt."""
    if ranking_nos:
        redis.run_script("rankings/distrust", _sets(ranking_nos), [])


def forget(redis: RedisClient, *, ranking_nos: Sequence[int]) -> None:
    """Delete all that belongs to the rankings; walks that have begun are left to their end."""
    if ranking_nos:
        redis.run_script("rankings/forget", _sets(ranking_nos), [])


def _pick(script: str, redis: RedisClient, ranking_nos: Sequence[int], token: str) -> set[int]:
    answer = redis.run_script(script, _sets(ranking_nos), [token])
    return {number for number, is_picked in zip(ranking_nos, answer, strict=True) if is_picked}


def _sets(ranking_nos: Iterable[int]) -> list[str]:
    return [keys.ranking(number) for number in ranking_nos]


def _dump(write: RankingWrite) -> bytes:
    """Return what the script needs as one argument: each costs redis-py and the server time."""
    rows = write.rows
    return orjson.dumps(
        [
            2 * write.group_bytes if write.is_dense else 0,
            write.day,
            [row.user_id for row in rows],
            [f"{row.member}:{row.user_id}" if row.member else "" for row in rows],
            [row.version for row in rows],
            [f"{row.version}|{row.member or ''}|{row.updated_ms}" for row in rows],
        ]
    )


def _split(writes: Sequence[RankingWrite]) -> Iterator[list[RankingWrite]]:
    """Yield the writes in parts of at most MAX_ROWS rows; nearly always in one."""
    part: list[RankingWrite] = []
    room = MAX_ROWS
    for write in writes:
        start = 0
        while start < len(write.rows):
            rows = write.rows[start : start + room]
            part.append(write._replace(rows=rows))
            start += len(rows)
            room -= len(rows)
            if not room:
                yield part
                part, room = [], MAX_ROWS
    if part:
        yield part
