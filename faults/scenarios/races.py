"""Concurrent requests for one player's score, and for one action id."""

import asyncio
from collections import Counter

from faults.client import Client, Sent
from faults.reconciliation import DUPLICATE
from faults.scenario import Injection, Scenario
from rig.actions import Actions

ACTIONS_AT_ONCE = 200
TWINS = 50


def crowd_one_player(injection: Injection) -> None:
    """Post 200 actions of one player at the same time."""
    while injection.lasts_about(1.5):
        injection.sent += asyncio.run(_crowd(injection))


async def _crowd(injection: Injection) -> list[Sent]:
    player = injection.chance.choice(injection.players)
    actions = Actions(injection.chance.getrandbits(64))
    client = Client(injection.system.stack.port)
    try:
        made = [actions.make(0) for _ in range(ACTIONS_AT_ONCE)]
        answers = await asyncio.gather(*(client.complete(player, *one) for one in made))
    finally:
        client.close()
    return [sent for sent, _ in answers]


def send_twins(injection: Injection) -> None:
    """Post one action 50 times at the same time: one is accepted, the others are duplicates."""
    while injection.lasts_about(1.0):
        answers = asyncio.run(_twins(injection))
        words = Counter(_word(sent.status, body) for sent, body in answers)
        if words != {"accepted": 1, "duplicate": TWINS - 1}:
            injection.problems.append(f"the copies of one action were answered {dict(words)}")
        injection.sent += [sent for sent, _ in answers]


async def _twins(injection: Injection) -> list[tuple[Sent, bytes]]:
    player = injection.chance.choice(injection.players)
    members, entry = Actions(injection.chance.getrandbits(64)).make(0)
    client = Client(injection.system.stack.port)
    try:
        return await asyncio.gather(
            *(client.complete(player, members, entry) for _ in range(TWINS))
        )
    finally:
        client.close()


def _word(status: int, body: bytes) -> str:
    if status in (200, 202):
        return "accepted"
    return "duplicate" if status == 409 and DUPLICATE in body else f"{status} {body[:200]!r}"


SCENARIOS = (
    Scenario(name="200-at-once-on-one-player", inject=crowd_one_player),
    Scenario(name="50-twins-of-one-id", inject=send_twins),
)
