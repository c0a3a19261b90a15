"""The messages of the chain: Celery's protocol 2, built without Celery's publisher.

Each carries one link. Celery's own chain would carry all that follow it in every message, and its
publisher took a sixth of a worker's CPU time (docs/decisions/015). Published by `workers/broker.py`
for the first link of a batch and by `workers/link_task.py` for the next one.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import orjson

from domain.actions.chain import Link

QUEUE = "actions"
# Of a chain that Flower shows whole; where it is absent or true, the task is shown.
SHOWN = "shown"

Message = dict[str, Any]


def task_name(link: Link) -> str:
    """Return the name of the link's task."""
    return f"workers.tasks.{link.name}_batch"


def make_message(link: Link, batch_id: UUID | str, *, is_shown: bool = True) -> Message:
    """Return a message that starts a chain at `link`, as kombu stores it."""
    return _make_message(link, str(batch_id), {SHOWN: is_shown})


def make_next_message(link: Link, batch_id: str, *, of: Any) -> Message:
    """Return the message of the link that follows the task whose Celery request is `of`."""
    links = {"root_id": of.root_id or of.id, "parent_id": of.id}
    return _make_message(link, batch_id, {**links, SHOWN: is_shown(of)})


def encode(message: Message) -> bytes:
    """Return the text that goes into the queue."""
    return orjson.dumps(message)


def is_shown(request: Any) -> bool:
    """Return whether Flower is shown the task of this Celery request (its dictionary or context).

    What another publisher sent is shown, and so is a task that was retried and what follows it.
    """
    return request.get(SHOWN) is not False or bool(request.get("retries"))


def _make_message(link: Link, batch_id: str, headers: Mapping[str, Any]) -> Message:
    task_id = str(uuid4())
    arguments = {"batch_id": batch_id}
    return {
        "body": orjson.dumps([[], arguments, {}]).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py",
            "task": task_name(link),
            "id": task_id,
            "root_id": task_id,
            "argsrepr": "()",
            "kwargsrepr": str(arguments),
            "ignore_result": True,
            "batch_id": batch_id,
            **headers,
        },
        "properties": {
            "correlation_id": task_id,
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "delivery_tag": task_id,
            "body_encoding": None,
        },
    }
