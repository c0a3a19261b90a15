"""Messages that are repeated, late, out of order, unreadable or huge; and poison messages."""

import asyncio
import json
from collections.abc import Iterator
from uuid import uuid4

from domain.store.redis import keys
from faults.children.poisoned import POISON_SCORE
from faults.client import Client, Sent
from faults.scenario import Injection, Scenario, Setup
from rig.actions import Actions
from rig.child import Child

QUEUE = keys.broker_prefix() + "actions"
HUGE_BYTES = 5_000_000
COPIES = 20
POISONED_ACTIONS = 3
POISON_SECONDS = 60.0


def repeat(injection: Injection) -> None:
    """Send every batch up to five times, from any stage on, late and out of order."""
    stack = injection.system.stack
    with Child(stack.root, "faults.children.repeats", env=stack.env) as repeats:
        repeats.send_line(str(injection.chance.random()))
        while injection.lasts(1.0):
            pass
        if int(repeats.finish()) == 0:
            injection.problems.append("no message was repeated: the fault had no effect")


def send_junk(injection: Injection) -> None:
    """Put messages into the queue that the product never publishes; no worker may end."""
    before = _list_workers(injection)
    with injection.stores.redis() as redis:
        for junk in _junk():
            injection.lasts_about(0.5)
            redis.lpush(QUEUE, *[junk] * (1 if len(junk) > HUGE_BYTES else COPIES))
    while injection.lasts(1.0):
        pass
    if _list_workers(injection) != before:
        injection.problems.append("a worker ended because of a message")


def _list_workers(injection: Injection) -> dict[str, int]:
    processes = injection.system.stack.processes()
    return {name: pid for name, pid in processes.items() if name.startswith("worker")}


def _junk() -> Iterator[bytes]:
    yield b"\x00\xffnot a message"
    yield b"{}"
    yield _message("no.such.task", {})
    yield _message("workers.tasks.screen_batch", {"batch_id": "no id"})
    yield _message("workers.tasks.screen_batch", {"batch_id": "x" * HUGE_BYTES})


def _message(task: str, arguments: dict[str, str]) -> bytes:
    name = str(uuid4())
    delivery = {"exchange": "actions", "routing_key": "actions"}
    properties = {
        "correlation_id": name,
        "delivery_mode": 2,
        "delivery_info": delivery,
        "priority": 0,
        "delivery_tag": str(uuid4()),
        "body_encoding": None,
    }
    message = {
        "body": json.dumps([[], arguments, {}]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": task, "id": name, "root_id": name},
        "properties": properties,
    }
    return json.dumps(message).encode()


def poison(injection: Injection) -> None:
    """Post actions that kill the process that works on them."""
    for _ in range(POISONED_ACTIONS):
        injection.sent.append(asyncio.run(_post_poison(injection)))
        injection.lasts_about(1.0)


async def _post_poison(injection: Injection) -> Sent:
    player = injection.chance.choice(injection.players)
    client = Client(injection.system.stack.port)
    members, (action_id, number, score) = Actions(injection.chance.getrandbits(64)).make(0)
    members = members.replace(f'"score":{score}', f'"score":{POISON_SCORE}')
    try:
        return (await client.complete(player, members, (action_id, number, POISON_SCORE)))[0]
    finally:
        client.close()


SCENARIOS = (
    Scenario(name="messages-repeated", inject=repeat),
    Scenario(name="junk-messages", inject=send_junk),
    Scenario(
        name="poison",
        inject=poison,
        final_seconds=POISON_SECONDS,
        failing_score=POISON_SCORE,
        setup=Setup(
            replaced={
                "python -m workers.consumer actions": "python -m faults.children.poisoned worker",
                "python -m workers.keeper": "python -m faults.children.poisoned keeper",
            }
        ),
    ),
)
