"""Many at once on one thing: one player's score, one action's id."""

import asyncio
from collections import Counter

from faults.client import Client, Sent
from faults.model import Scenario, Strike
from faults.reconciliation import DUPLICATE
from rig.traffic import Actions

ACTIONS_AT_ONCE = 200
TWINS = 50


def crowd_one_player(strike: Strike) -> None:
    """Let one player complete 200 actions in the same moment."""
    while strike.lasts_about(1.5):
        strike.sent += asyncio.run(_crowd(strike))


async def _crowd(strike: Strike) -> list[Sent]:
    player = strike.chance.choice(strike.players)
    actions = Actions(strike.chance.getrandbits(64))
    client = Client(strike.system.stack.port)
    try:
        made = [actions.make(0) for _ in range(ACTIONS_AT_ONCE)]
        answers = await asyncio.gather(*(client.complete(player, *one) for one in made))
    finally:
        client.close()
    return [sent for sent, _ in answers]


def send_twins(strike: Strike) -> None:
    """Send one action fifty times in the same moment: one is taken, the others are told so."""
    while strike.lasts_about(1.0):
        answers = asyncio.run(_twins(strike))
        words = Counter(_word(sent.status, body) for sent, body in answers)
        if words != {"taken": 1, "duplicate": TWINS - 1}:
            strike.problems.append(f"twins were answered {dict(words)}")
        strike.sent += [sent for sent, _ in answers]


async def _twins(strike: Strike) -> list[tuple[Sent, bytes]]:
    player = strike.chance.choice(strike.players)
    members, entry = Actions(strike.chance.getrandbits(64)).make(0)
    client = Client(strike.system.stack.port)
    try:
        return await asyncio.gather(
            *(client.complete(player, members, entry) for _ in range(TWINS))
        )
    finally:
        client.close()


def _word(status: int, body: bytes) -> str:
    if status in (200, 202):
        return "taken"
    return "duplicate" if status == 409 and DUPLICATE in body else f"{status} {body[:200]!r}"


SCENARIOS = (
    Scenario(name="200-at-once-on-one-player", strike=crowd_one_player),
    Scenario(name="50-twins-of-one-id", strike=send_twins),
)
