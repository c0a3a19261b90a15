"""Terminal: every action gets a final status within PROMISED_SECONDS, or is held in a case."""

import time
from collections.abc import Callable, Iterator

from domain.store.postgres.verify.actions import (
    count_unfinished_batches,
    list_actions_without_case,
    list_stalled_batches,
    list_stuck_actions,
)
from domain.store.store import Connection, Store

PROMISED_SECONDS = 15.0
LOOK_EVERY_SECONDS = 0.1


def wait_for_quiet(
    store: Store, *, wait_seconds: float, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Wait until every batch is finished; return False after `wait_seconds`.

    Raises DatabaseUnavailableError.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        with store.write() as connection:
            if count_unfinished_batches(connection) == 0:
                return True
        if time.monotonic() >= deadline:
            return False
        sleep(LOOK_EVERY_SECONDS)


def check_terminal(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each action and batch that is stalled for too long, or forever.

    An action that is held waits for a moderator, who finds it by its player's case.
    """
    stuck = list_stuck_actions(connection, older_than_seconds=PROMISED_SECONDS, limit=limit)
    for action_id, what in stuck:
        yield f"action {action_id} {what}"
    for action_id, what in list_actions_without_case(connection, limit=limit):
        yield f"action {action_id} {what}"
    stalled = list_stalled_batches(connection, older_than_seconds=PROMISED_SECONDS, limit=limit)
    for batch_id, what in stalled:
        yield f"batch {batch_id} {what}"
