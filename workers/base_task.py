"""The base class of all tasks: when a task is retried, and what its log lines carry."""

from typing import Any

import structlog
from celery import Task

from domain.errors import DatabaseLockedError, TransientError


class LaurelTask(Task[Any, Any]):
    """Retried after 1 and 2 s when a store is away; after that the keeper takes over.

    What waits for a locked row is the keeper's at once: the retries would wait on the time of all
    other batches.
    """

    autoretry_for = (TransientError,)
    dont_autoretry_for = (DatabaseLockedError,)
    # Logged as a line and not as a defect.
    throws = (DatabaseLockedError,)
    max_retries = 2
    retry_backoff = 1
    retry_backoff_max = 4
    retry_jitter = False

    def before_start(self, task_id: str, args: Any, kwargs: dict[str, Any]) -> None:
        """Bind the context of every log line of this run."""
        bind_task(self.name, **kwargs)


def bind_task(name: str, **arguments: Any) -> None:
    """Let every log line from here on carry the name of the task, and what it works on."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        task=name.rpartition(".")[2],
        **{key: value for key, value in arguments.items() if key in ("batch_id", "request_id")},
    )
