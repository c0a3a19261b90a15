"""The watchdog of intake's commits: a connection that gets no answer must not stop all intake.

The server's timeouts do not help when the one process of PostgreSQL that serves the connection has
stopped. Started by `web/server/background.py`.
"""

import structlog

from domain.store.store import Store
from workers.process.background import BackgroundThread

logger = structlog.get_logger(__name__)

CHECK_SECONDS = 0.25


class CommitWatchdog:
    """Abandons transactions of intake that last longer than a request waits for its commit.

    Their requests have been told that the outcome is unknown; the flusher goes on with a new
    connection.
    """

    def __init__(self, store: Store, *, commit_wait_seconds: float):
        self.thread = BackgroundThread("commit-watchdog", self._check, every_seconds=CHECK_SECONDS)
        self._transactions = store.intake_transactions
        self._commit_wait_seconds = commit_wait_seconds

    def start(self) -> None:
        """Start checking in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop checking."""
        self.thread.stop()

    def _check(self) -> None:
        limit_seconds = self._commit_wait_seconds
        if abandoned := self._transactions.abandon(older_than_seconds=limit_seconds):
            logger.warning("transactions abandoned", count=abandoned, seconds=limit_seconds)
