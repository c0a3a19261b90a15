"""Replies: the outcomes of a batch, sent to the web process whose requests are pending.

Published by the link *refresh*, parsed by `web/intake`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.actions.model import STATUS_BY_TEXT, Status
from domain.store.postgres.actions.outcomes import ActionOutcome
from domain.store.redis import keys
from domain.store.redis.client import RedisClient


class Reply(NamedTuple):
    """What became of one action; the fields of its ActionResult but the id."""

    status: Status
    reason: str | None
    previous_score: int | None
    new_score: int | None
    rank: int | None
    # By board: why it does not count there; None when there is nothing to say.
    boards: Mapping[str, str] | None = None


def publish_replies(
    redis: RedisClient,
    *,
    reply_to: str,
    batch_id: UUID,
    outcomes: Sequence[ActionOutcome],
    ranks: Mapping[str, int],
    uncounted: Mapping[str, Mapping[str, str]],
) -> None:
    """Publish one message for the whole batch to `reply_to`. Raises RedisUnavailableError.

    A process that has ended, or whose requests timed out, does not need it.
    """
    rows: list[list[Any]] = [
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
    if uncounted:
        for row, outcome in zip(rows, outcomes, strict=True):
            boards = uncounted.get(str(outcome.action_no))
            if boards:
                row.append(boards)
    message = orjson.dumps([batch_id, rows])
    redis.run(lambda client: client.publish(keys.replies(reply_to), message))


def parse_replies(raw: str) -> tuple[UUID, dict[int, Reply]]:
    """Return the batch id of a message, and its replies by the integer of the action's id.

    Making a UUID of each would take half of the time; who receives them has the ids already.
    """
    batch_id, rows = orjson.loads(raw)
    return UUID(batch_id), {
        int(action_id.replace("-", ""), 16): Reply(STATUS_BY_TEXT[status], *facts)
        for action_id, status, *facts in rows
    }
