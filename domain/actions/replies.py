"""Replies: what the pipeline tells the web process whose requests wait for a batch."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from domain.actions.model import ActionResult, Status
from domain.store import keys
from domain.store.redis_gate import RedisGate


def publish_replies(
    redis: RedisGate, *, origin: str, batch_id: UUID, results: Sequence[ActionResult]
) -> None:
    """Send one message for the whole batch; who is gone or no longer waits does not miss it."""
    message = orjson.dumps(
        [
            str(batch_id),
            [
                [
                    str(result.action_id),
                    result.status,
                    result.reason,
                    result.previous_score,
                    result.new_score,
                    result.leaderboard_position,
                ]
                for result in results
            ],
        ]
    )
    redis.run(lambda client: client.publish(keys.replies(origin), message))


def parse_replies(raw: str) -> tuple[UUID, dict[UUID, ActionResult]]:
    """Return the batch id and its results by action id."""
    batch_id, rows = orjson.loads(raw)
    results = (
        ActionResult(UUID(action_id), Status(status), reason, previous, new, position)
        for action_id, status, reason, previous, new, position in rows
    )
    return UUID(batch_id), {result.action_id: result for result in results}
