"""Raw reads of a board's sorted set and hash, for comparing them with SQL.

Called by `domain/verification` and by the keeper's comparison. Every function raises
RedisUnavailableError.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.boards.model import BoardId
from domain.store.redis import keys
from domain.store.redis.client import RedisClient
from domain.store.redis.contents.sorted_sets import find_scores, keep_present, scan_members


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One user's state in Redis: version and member from the hash, and the member's score.

    `score` is None when the set does not have the member.
    """

    version: int
    member: str
    score: float | None


def read_rows(
    redis: RedisClient, *, board: BoardId, user_ids: Sequence[UUID]
) -> dict[UUID, StoredRow]:
    """Return the stored rows of those of these users that the board has."""
    fields = [str(user_id) for user_id in user_ids]
    rows: Any = redis.run(lambda client: client.hmget(keys.board_rows(board), fields))
    found: dict[UUID, tuple[int, str]] = {}
    for user_id, row in zip(user_ids, rows, strict=True):
        if row:
            version, member, *_ = row.split("|", 3)
            found[user_id] = (int(version), member)
    if not found:
        return {}
    members = [member for _, member in found.values()]
    scores = find_scores(redis, key=keys.board(board), members=members)
    return {
        user_id: StoredRow(version, member, score)
        for (user_id, (version, member)), score in zip(found.items(), scores, strict=True)
    }


def iterate_members(redis: RedisClient, *, board: BoardId) -> Iterator[list[str]]:
    """Yield all members of the sorted set in chunks, each at least once."""
    yield from scan_members(redis, key=keys.board(board))


def find_stale_members(redis: RedisClient, *, board: BoardId, members: Sequence[str]) -> list[str]:
    """Return those of these members that are in the set although the hash has another or none.

    The hash is read first: a member that was replaced meanwhile is no longer in the set then.
    """
    fields = [member.partition(":")[2] for member in members]
    rows: Any = redis.run(lambda client: client.hmget(keys.board_rows(board), fields))
    suspects = [
        member
        for member, row in zip(members, rows, strict=True)
        if row is None or row.split("|", 3)[1] != member
    ]
    return keep_present(redis, key=keys.board(board), members=suspects)
