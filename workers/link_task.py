"""The base class of the chain's tasks: each goes on to the next link, and Flower sees some."""

from typing import Any

import structlog
from celery.worker.request import Request

from domain.actions.chain import REFRESH, Link, list_links_from
from domain.actions.model import LinkOutcome
from domain.errors import RedisUnavailableError
from domain.store.redis.queues import push_behind_others, push_message
from workers.base_task import LaurelTask, bind_task
from workers.context import get_context
from workers.messages.chain_messages import (
    QUEUE,
    Message,
    encode,
    is_shown,
    make_next_message,
    task_name,
)
from workers.messages.handover import handover

logger = structlog.get_logger(__name__)

# Requests wait for the links up to this one, which follow each other at once. What comes after it
# takes its turn behind the messages that wait.
_LAST_AWAITED = REFRESH
_PROGRESS = frozenset(("task-started", "task-succeeded"))


class LinkRequest(Request):
    """Sends the events of tasks that are shown, and of every other one that does not succeed."""

    # Celery's attribute, which the stubs lack.
    _eventer: Any

    _is_announced = False

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002 - Celery's name
        """Send one event of this task, before the first one that it was received."""
        if not (self._eventer and self._eventer.enabled):
            return
        if type in _PROGRESS and not is_shown(self.request_dict):
            return
        if not self._is_announced:
            self._is_announced = True
            self._announce()
        self._eventer.send(type, uuid=self.id, **fields)

    def _announce(self) -> None:
        self._eventer.send(
            "task-received",
            uuid=self.id,
            name=self.name,
            args=self.argsrepr,
            kwargs=self.kwargsrepr,
            root_id=self.root_id,
            parent_id=self.parent_id,
            retries=self.request_dict.get("retries", 0),
            eta=self.eta and self.eta.isoformat(),
            expires=self.expires and self.expires.isoformat(),
        )


class LinkTask(LaurelTask):
    """Runs one link for a batch; `run` returns the link's outcome."""

    abstract = True
    link: Link
    Request = f"{__name__}:{LinkRequest.__name__}"
    # The request sends them: Celery would send `received` for every task.
    send_events = False

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: dict[str, Any]) -> None:
        """Publish the next link, unless the message brought its own chain or the batch was ahead.

        Versions before sent the whole chain, and Celery publishes the rest of it. A batch that was
        not at this link belongs to another chain, unless an earlier try of this task moved it.
        """
        request = self.request
        is_ours = retval == LinkOutcome.MOVED or request.retries
        if is_ours and not request.chain:
            self._go_on(kwargs["batch_id"], request)

    def _go_on(self, batch_id: str, request: Any) -> None:
        """Run the next link here, or publish it where others take their turn.

        A chain that Flower is shown has a task for each link, handed over within the process. Any
        other one is run to its end in the task that has begun it. A message that the broker does
        not take is lost, and the keeper finishes the batch.
        """
        ended = self.link
        for link in list_links_from(ended.after):
            message = make_next_message(link, batch_id, of=request)
            try:
                if _is_published(message, takes_turns=ended is _LAST_AWAITED):
                    return
            except RedisUnavailableError as error:
                logger.warning("next link not published", cause=type(error).__name__)
                return
            if is_shown(request):
                handover.put(message)
                return
            if not self._is_run(link, batch_id, message):
                return
            ended = link

    def _is_run(self, link: Link, batch_id: str, message: Message) -> bool:
        """Run the link here and return whether it has moved the batch.

        If it fails, its message gives it a task of its own, which is retried and reported as ever.
        """
        task = self.app.tasks[task_name(link)]
        bind_task(task.name, batch_id=batch_id)
        try:
            return bool(task.run(batch_id=batch_id) == LinkOutcome.MOVED)
        except Exception as error:  # noqa: BLE001 - met again, and handled, by the task of its own
            logger.info("link left to its task", link=link.name, cause=type(error).__name__)
            handover.put(message)
            return False


def _is_published(message: Message, *, takes_turns: bool) -> bool:
    """Publish the message if others wait and it `takes_turns`, or if nothing may be run here.

    Return whether it was published.
    """
    redis = get_context().store.redis
    if handover.is_open:
        return takes_turns and push_behind_others(redis, QUEUE, encode(message))
    push_message(redis, QUEUE, encode(message))
    return True
