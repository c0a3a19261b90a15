"""Messages: repeated, late and out of order; unreadable, unknown and huge; and poisoned actions."""

import asyncio
import json
from collections.abc import Iterator
from uuid import uuid4

from domain.store.redis import keys
from faults.child import Child
from faults.children.poisoned import POISON_SCORE
from faults.client import Client, Sent
from faults.model import Scenario, Setup, Strike
from rig.traffic import Actions

QUEUE = keys.broker_prefix() + "actions"
HUGE_BYTES = 5_000_000
POISONED_ACTIONS = 3
POISON_SECONDS = 60.0


def repeat(strike: Strike) -> None:
    """Send every batch up to five times in all, from any stage on, late and out of order."""
    stack = strike.system.stack
    with Child(stack.root, "faults.children.repeats", stack.env) as repeats:
        repeats.tell(str(strike.chance.random()))
        while strike.lasts(1.0):
            pass
        if int(repeats.finish()) == 0:
            strike.problems.append("no message was repeated: nothing was tried")


def send_junk(strike: Strike) -> None:
    """Put into the queue what no publisher of ours would."""
    with strike.stores.redis() as redis:
        for junk in _junk():
            strike.lasts_about(1.0)
            redis.lpush(QUEUE, junk)
    while strike.lasts(1.0):
        pass


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


def poison(strike: Strike) -> None:
    """Post actions that kill whichever process takes them up."""
    for _ in range(POISONED_ACTIONS):
        strike.sent.append(asyncio.run(_post_poison(strike)))
        strike.lasts_about(1.0)


async def _post_poison(strike: Strike) -> Sent:
    player = strike.chance.choice(strike.players)
    client = Client(strike.system.stack.port)
    members, (action_id, number, score) = Actions(strike.chance.getrandbits(64)).make(0)
    members = members.replace(f'"score":{score}', f'"score":{POISON_SCORE}')
    try:
        return (await client.complete(player, members, (action_id, number, POISON_SCORE)))[0]
    finally:
        client.close()


SCENARIOS = (
    Scenario(name="messages-repeated", strike=repeat),
    Scenario(name="junk-messages", strike=send_junk),
    Scenario(
        name="poison",
        strike=poison,
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
