"""The bus in Redis: one message per batch, published once, under the next position of its board.

Called by `domain/events/broadcast.py`, and for the end of a period, which has no position, by
`domain/rankings/closing/closing.py`; the live process says to whom it listens.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from redis import Redis

from domain.boards.model import TOP_SIZE, BoardId, BoardState
from domain.events.wire import Applied, encode_actions, encode_state
from domain.store.redis import keys
from domain.store.redis.boards import new_epoch
from domain.store.redis.client import RedisClient

# Arguments of one script.
_CHUNK_USERS = 1000
# A message has 12 KB or more: about 1 MB in an answer.
_CHUNK_MESSAGES = 64
_NO_STATE = ("", "", "", "")


def publish_batch(
    redis: RedisClient,
    *,
    board: BoardId,
    batch_id: UUID,
    actions: Sequence[Applied],
    now: datetime,
    state: BoardState | None,
) -> bool:
    """Publish the batch unless it has been published; return False if `state` is needed.

    Without a trusted board the message needs the state of the actions' users from SQL. A repeat
    publishes nothing and returns True. Raises RedisUnavailableError.
    """
    users = list(dict.fromkeys(action.user_id for action in actions))
    answer = redis.run_script(
        "publish_batch",
        [
            keys.sent(board, batch_id),
            keys.bus_position(board),
            keys.bus_stream(board),
            keys.board(board),
            keys.board_rows(board),
            keys.previous_ranks(board, batch_id),
            keys.listened(board),
        ],
        [
            keys.bus_channel(board),
            str(board),
            new_epoch(),
            now.isoformat(),
            encode_actions(actions),
            TOP_SIZE,
            keys.SENT_TTL_SECONDS,
            keys.STREAM_MAX_MESSAGES,
            str(batch_id),
            orjson.dumps(users),
            *(encode_state(state, users) if state else _NO_STATE),
            keys.STREAM_MAX_BYTES,
        ],
    )
    return answer is not None


def read_messages(redis: RedisClient, *, board: BoardId, first_seq: int) -> Iterator[str]:
    """Yield the kept messages from this position on, in order; some or all may be missing.

    They are of whichever epoch was the last one. Raises RedisUnavailableError.
    """
    first = f"{first_seq}-0"
    while True:
        found = redis.run(partial(_read_chunk, board=board, first=first))
        yield from (fields["m"] for _, fields in found)
        if len(found) < _CHUNK_MESSAGES:
            return
        # The one behind the last that was read.
        first = f"({found[-1][0]}"


def publish_period_closed(redis: RedisClient, *, message: bytes) -> None:
    """Publish that a period of a board has closed. Raises RedisUnavailableError."""
    redis.run(lambda client: client.publish(keys.rankings_channel(), message))


def mark_listened(redis: RedisClient, *, board: BoardId, user_ids: Sequence[UUID]) -> None:
    """Let messages have the ranks of these users, for LISTENED_TTL_SECONDS.

    Without a user it says that there is none. Raises RedisUnavailableError.
    """
    milliseconds = keys.LISTENED_TTL_SECONDS * 1000
    for start in range(0, max(len(user_ids), 1), _CHUNK_USERS):
        chunk = user_ids[start : start + _CHUNK_USERS]
        redis.run_script("mark_listened", [keys.listened(board)], [milliseconds, *map(str, chunk)])


def forget_messages(redis: RedisClient, *, board: BoardId) -> None:
    """Drop the messages that are kept for filling holes; raises RedisUnavailableError."""
    redis.run(lambda client: client.delete(keys.bus_stream(board)))


def _read_chunk(client: Redis, *, board: BoardId, first: str) -> list[tuple[str, dict[str, str]]]:
    found: Any = client.xrange(keys.bus_stream(board), first, count=_CHUNK_MESSAGES)
    return [(entry_id, fields) for entry_id, fields in found]
