"""Raw reads of any sorted set; every function raises RedisUnavailableError."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.store.redis.client import RedisClient

CHUNK_MEMBERS = 500


def scan_members(redis: RedisClient, *, key: str) -> Iterator[list[str]]:
    """Yield all members in chunks, each at least once."""
    cursor = 0
    while True:
        answer: Any = redis.run(
            lambda client, at=cursor: client.zscan(  # type: ignore[misc]  # bound per round
                key, at, count=CHUNK_MEMBERS
            )
        )
        cursor, pairs = answer
        if pairs:
            yield [member for member, _ in pairs]
        if cursor == 0:
            return


def find_scores(redis: RedisClient, *, key: str, members: Sequence[str]) -> list[float | None]:
    """Return the members' scores in order, None for those that are not in the set."""
    if not members:
        return []
    scores: Any = redis.run(lambda client: client.zmscore(key, list(members)))
    return list(scores)


def keep_present(redis: RedisClient, *, key: str, members: Sequence[str]) -> list[str]:
    """Return those of these members that are in the set."""
    scores = find_scores(redis, key=key, members=members)
    return [member for member, score in zip(members, scores, strict=True) if score is not None]
