"""Changes of a board, told to every listener.

Called by what changes one: a batch, a name, a ban.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.boards.model import BoardId
from domain.boards.reader import read_state
from domain.store.postgres.actions.outcomes import ActionOutcome
from domain.store.redis.bus import publish_batch
from domain.store.store import Store


def publish_changes(
    store: Store,
    *,
    board: BoardId,
    batch_id: UUID,
    changed: Sequence[ActionOutcome] = (),
    now: datetime,
) -> None:
    """Publish what has changed on the board, once under each `batch_id`.

    While the board in Redis is not to be trusted, the message's top and ranks are read of SQL.
    Raises RedisUnavailableError and DatabaseUnavailableError.
    """
    publish = partial(
        publish_batch, store.redis, board=board, batch_id=batch_id, actions=changed, now=now
    )
    if not publish(state=None):
        users = sorted({UUID(action.user_id) for action in changed})
        publish(state=read_state(store, board=board, user_ids=users, now=now))
