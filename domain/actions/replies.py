"""Replies: the outcomes of a batch, sent to the web process whose requests are pending.

Published by the link *refresh*, parsed by `web/intake`.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import orjson

from domain.actions.model import ActionResult, Status
from domain.store.postgres.actions.outcomes import ActionOutcome
from domain.store.redis import keys
from domain.store.redis.client import RedisClient


def publish_replies(
    redis: RedisClient,
    *,
    reply_to: str,
    batch_id: UUID,
    outcomes: Sequence[ActionOutcome],
    ranks: Mapping[str, int],
) -> None:
    """Publish one message for the whole batch to `reply_to`. Raises RedisUnavailableError.

    A process that has ended, or whose requests timed out, does not need it.
    """
    rows = [
        [
            outcome.action_id,
            outcome.status,
            outcome.reason,
            outcome.previous_score,
            outcome.new_score,
            ranks.get(outcome.user_id),
        ]
        for outcome in outcomes
    ]
    message = orjson.dumps([batch_id, rows])
    redis.run(lambda client: client.publish(keys.replies(reply_to), message))


def parse_replies(raw: str) -> tuple[UUID, dict[UUID, ActionResult]]:
    """Return the batch id of a message and its results by action id."""
    batch_id, rows = orjson.loads(raw)
    results = (
        ActionResult(UUID(action_id), Status(status), reason, previous, new, rank)
        for action_id, status, reason, previous, new, rank in rows
    )
    return UUID(batch_id), {result.action_id: result for result in results}
