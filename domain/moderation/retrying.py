"""Retries: every failed action is sent through the pipeline again. Called by the command line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from domain.moderation.deciding import Decision, attempt, decide_action
from domain.store.postgres.actions.reviews import FailedFilter, FailedKey, count_failed, list_failed
from domain.store.store import Store

RETRY_PAGE = 200


@dataclass(frozen=True, slots=True)
class RetryProgress:
    """How many failed actions were sent through the pipeline again, and how many were not."""

    retried: int = 0
    left: int = 0
    """Decided on by somebody else just now, or still on their way to the audit log."""


def count_failed_actions(store: Store) -> int:
    """Return how many actions have failed. Raises DatabaseUnavailableError."""
    with store.read() as connection:
        return count_failed(connection)


def retry_failed_actions(
    store: Store, *, wanted: FailedFilter, by: str, reason: str, now: datetime
) -> Iterator[RetryProgress]:
    """Retry every failed action that is wanted, oldest first; yield the progress now and then.

    Interrupted, it may be started again. Raises DatabaseUnavailableError.
    """
    after: FailedKey | None = None
    progress = RetryProgress()
    while True:
        with store.write() as connection:
            failed = list_failed(connection, wanted=wanted, after=after, limit=RETRY_PAGE)
        if not failed:
            return
        retry = partial(
            decide_action,
            store,
            decision=Decision.RETRY,
            by=by,
            reason=reason,
            now=now,
            is_one_of_many=True,
        )
        retried = sum(
            attempt(partial(retry, action_id=action_id)) is not None for _, action_id in failed
        )
        progress = RetryProgress(progress.retried + retried, progress.left + len(failed) - retried)
        yield progress
        after = failed[-1][0]
