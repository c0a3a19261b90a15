"""The base class of the chain's tasks: each publishes the next link, and Flower sees some."""

from typing import Any

import structlog
from celery.worker.request import Request

from domain.actions.chain import Link, list_links_from
from domain.actions.model import LinkOutcome
from domain.errors import RedisUnavailableError
from domain.store.redis.queues import push_behind_others, push_message
from workers.base_task import LaurelTask
from workers.context import get_context
from workers.messages.chain_messages import QUEUE, encode, is_shown, make_next_message
from workers.messages.handover import handover

logger = structlog.get_logger(__name__)

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
        following = list_links_from(self.link.after)
        if is_ours and following and not request.chain:
            _publish(make_next_message(following[0], kwargs["batch_id"], of=request))


def _publish(message: dict[str, Any]) -> None:
    """Push the message, or hand it over when no other message waits.

    A message that the broker does not take is lost, and the keeper finishes the batch.
    """
    redis = get_context().store.redis
    try:
        if not handover.is_open:
            push_message(redis, QUEUE, encode(message))
        elif not push_behind_others(redis, QUEUE, encode(message)):
            handover.put(message)
    except RedisUnavailableError as error:
        logger.warning("next link not published", cause=type(error).__name__)
