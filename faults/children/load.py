"""`python -m faults.children.load`: players who send by a clock that waits for nobody (open loop).

One read for every ten actions. Its job is the first line of stdin, as JSON; every request ends in
the file of the ledger.
"""

import asyncio
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from faults.client import Client, Sent, read_players
from rig.traffic import Actions, Player

ACTIONS_OF_A_READ = 10
READ = "/api/leaderboard"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to send, and where to write down what came of it."""

    port: int
    players: str
    ledger: str
    rate: float  # actions a second
    seconds: float
    seed: str


async def run(job: Job, players: list[Player]) -> list[Sent]:
    """Send at Poisson times until the time is over, and wait for the last answers."""
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
        if chance.random() * ACTIONS_OF_A_READ < 1:
            sending.append(loop.create_task(client.read(players[player], READ)))
    sent = await asyncio.gather(*sending)
    client.close()
    return sent


async def _complete(client: Client, actions: Actions, players: list[Player], player: int) -> Sent:
    members, entry = actions.make(player)
    return (await client.complete(players[player], members, entry))[0]


def main() -> None:
    """Run the job and write the ledger."""
    job = Job(**json.loads(sys.stdin.readline()))
    sent = asyncio.run(run(job, read_players(Path(job.players))))
    Path(job.ledger).write_text("".join(one.as_line() for one in sent))


if __name__ == "__main__":
    main()
