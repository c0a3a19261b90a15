"""Raw reads of a ranking's sorted set and hash, for comparing them with SQL.

Called by the keeper's comparison and by verification. Every function raises
RedisUnavailableError.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from domain.store.redis import keys
from domain.store.redis.client import RedisClient
from domain.store.redis.contents.sorted_sets import find_scores, keep_present, scan_members

_USER_CHARS = 36


class StoredRow(NamedTuple):
    """A player's state in Redis: version and sort key in hexadecimal digits from the hash.

    `is_placed` is whether the set has the member.
    """

    version: int
    member: str
    is_placed: bool


def read_rows(
    redis: RedisClient, *, ranking_no: int, user_ids: Sequence[str]
) -> dict[str, StoredRow]:
    """Return the stored rows of those of these users that the ranking has.

    Raises ValueError for a row that no script of ours wrote.
    """
    if not user_ids:
        return {}
    rows: Any = redis.run(lambda client: client.hmget(keys.ranking_rows(ranking_no), user_ids))
    found: dict[str, tuple[int, str]] = {}
    for user_id, row in zip(user_ids, rows, strict=True):
        if row:
            version, member, *_ = row.split("|", 2)
            found[user_id] = (int(version), member)
    if not found:
        return {}
    members = [f"{member}:{user_id}" for user_id, (_, member) in found.items()]
    scores = find_scores(redis, key=keys.ranking(ranking_no), members=members)
    return {
        user_id: StoredRow(version, member, score is not None)
        for (user_id, (version, member)), score in zip(found.items(), scores, strict=True)
    }


def iterate_members(redis: RedisClient, *, ranking_no: int) -> Iterator[list[str]]:
    """Yield all members of the sorted set in chunks, each at least once.

    A member is the sort key in hexadecimal digits, a colon, and the user's id.
    """
    yield from scan_members(redis, key=keys.ranking(ranking_no))


def find_stale_members(redis: RedisClient, *, ranking_no: int, members: Sequence[str]) -> list[str]:
    """Return those of these members that are in the set although the hash has another or none.

    The hash is read first: a member that was replaced meanwhile is no longer in the set then.
    """
    users = [member[-_USER_CHARS:] for member in members]
    rows: Any = redis.run(lambda client: client.hmget(keys.ranking_rows(ranking_no), users))
    suspects = [
        member
        for member, user, row in zip(members, users, rows, strict=True)
        if row is None or f"{row.split('|', 2)[1]}:{user}" != member
    ]
    return keep_present(redis, key=keys.ranking(ranking_no), members=suspects)
