"""`python -m faults.children.load`: players who send at random times (an open loop).

One read for every ten actions. The first line of stdin is the job, as JSON; every request is
written to the sent log.
"""

import asyncio
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from faults.client import Client, Sent
from rig.actions import Actions
from rig.players import Player, read_players

ACTIONS_PER_READ = 10
READ = "/api/leaderboard"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to send, and the file of the sent log."""

    port: int
    players: str
    sent_log: str
    rate: float  # actions a second
    seconds: float
    seed: str


async def run(job: Job, players: list[Player]) -> list[Sent]:
    """Send at random times of a Poisson process, then wait for the last answers."""
    chance = random.Random(job.seed)  # noqa: S311 - load, not a secret
    actions = Actions(chance.getrandbits(64))
    client = Client(job.port)
    loop = asyncio.get_running_loop()
    due_at = started_at = loop.time()
    sending: list[asyncio.Task[Sent]] = []
    while (due_at := due_at + chance.expovariate(job.rate)) < started_at + job.seconds:
        await asyncio.sleep(due_at - loop.time())
        player = chance.randrange(len(players))
        sending.append(loop.create_task(_complete(client, actions, players, player)))
        if chance.random() * ACTIONS_PER_READ < 1:
            sending.append(loop.create_task(client.read(players[player], READ)))
    sent = await asyncio.gather(*sending)
    client.close()
    return sent


async def _complete(client: Client, actions: Actions, players: list[Player], player: int) -> Sent:
    members, entry = actions.make(player)
    return (await client.complete(players[player], members, entry))[0]


def main() -> None:
    """Run the job and write the sent log."""
    job = Job(**json.loads(sys.stdin.readline()))
    players, _ = read_players(Path(job.players))
    sent = asyncio.run(run(job, players))
    Path(job.sent_log).write_text("".join(one.as_line() for one in sent))


if __name__ == "__main__":
    main()
