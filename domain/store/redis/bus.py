"""The bus in Redis: one message per batch, published once, under a dense position."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from domain.boards.model import TOP_SIZE, BoardId, Top, to_milliseconds
from domain.store.postgres.actions.outcomes import ActionOutcome
from domain.store.redis import keys
from domain.store.redis.boards import new_epoch
from domain.store.redis.client import RedisClient

NOTHING: Mapping[UUID, int] = MappingProxyType({})


def publish_batch(
    redis: RedisClient,
    *,
    board: BoardId,
    batch_id: UUID,
    actions: Sequence[ActionOutcome],
    now: datetime,
    top_from_sql: Top | None = None,
    ranks_from_sql: Mapping[UUID, int] = NOTHING,
    scores_from_sql: Mapping[UUID, int] = NOTHING,
) -> bool:
    """Publish the batch unless that was done; False asks for top, ranks and scores from SQL.

    A repeat publishes nothing and answers True. Raises RedisUnavailableError.
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
            keys.board_marker(board),
            keys.previous_ranks(board, batch_id),
        ],
        [
            keys.bus_channel(board),
            str(board),
            new_epoch(),
            now.isoformat(),
            orjson.dumps([_wire_action(action) for action in actions]),
            orjson.dumps(users),
            TOP_SIZE,
            keys.SENT_TTL_SECONDS,
            keys.STREAM_MAX_MESSAGES,
            str(batch_id),
            *_wire_fallback(top_from_sql, users, ranks_from_sql, scores_from_sql),
        ],
    )
    return answer is not None


def _wire_action(action: ActionOutcome) -> list[Any]:
    return [
        action.action_id,
        action.user_id,
        action.previous_score,
        action.new_score,
        action.score_delta,
    ]


def _wire_fallback(
    top: Top | None,
    users: Sequence[str],
    ranks: Mapping[UUID, int],
    scores: Mapping[UUID, int],
) -> list[Any]:
    if top is None:
        return ["", "", "", ""]
    rows = [
        [row.user_id, row.score, to_milliseconds(row.last_update), row.username]
        for row in top.standings
    ]
    moves = {user: [None, ranks.get(UUID(user))] for user in users}
    known = {str(user): score for user, score in scores.items()}
    return [orjson.dumps(rows), top.total_users, orjson.dumps(moves), orjson.dumps(known)]
