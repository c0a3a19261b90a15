"""Why an action does not count on a board is told in its reply, and whenever it is asked for."""

from typing import Any, cast
from uuid import uuid4

from domain.actions.history import get_action, list_results
from domain.actions.replies import parse_replies, publish_replies
from domain.boards.model import GLOBAL_BOARD
from domain.store.redis.client import RedisClient
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from workers import chain
from workers.context import WorkerContext


class RecordingRedis:
    """Keeps what is published."""

    message = ""

    def run(self, call: Any) -> None:
        """Let the call publish here."""
        call(self)

    def publish(self, _channel: str, message: bytes) -> None:
        """Keep the message."""
        self.message = message.decode()


def test_a_reply_and_the_stored_action_say_where_it_does_not_count(
    worker_context: WorkerContext, monkeypatch: Any
) -> None:
    store = worker_context.store
    make_board(store, "speedrun", value="metadata.seconds", aggregate="best", direction="asc")
    redis = RecordingRedis()

    def publish(_redis: RedisClient, **facts: Any) -> None:
        publish_replies(cast(RedisClient, redis), **facts)

    monkeypatch.setattr(chain, "publish_replies", publish)
    slow = make_action(metadata='{"seconds": 3}')
    without = make_action()
    complete_actions(worker_context, [slow, without], reply_to="web")
    _, replies = parse_replies(redis.message)
    assert replies[slow.action_id.int].boards is None
    assert replies[without.action_id.int].boards == {"speedrun": "VALUE_MISSING"}
    stored = get_action(store, action_id=without.action_id, user_id=None)
    assert stored.boards == {"speedrun": "VALUE_MISSING"}
    ids = [slow.action_id, without.action_id, uuid4()]
    results = list_results(store, board=GLOBAL_BOARD, action_ids=ids)
    assert {known: result.boards for known, result in results.items()} == {
        slow.action_id: None,
        without.action_id: {"speedrun": "VALUE_MISSING"},
    }
