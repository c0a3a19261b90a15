"""`python -m faults.children.repeats`: sends every new batch again until stdin is closed.

The first line of stdin is the seed. Each batch is sent up to four more times, from random stages
on, late and out of order. The output is the number of messages.
"""

import heapq
import random
import sys
import threading
import time
from uuid import UUID

from domain.actions.chain import CHAIN, Stage
from domain.settings import settings_of_process
from domain.store.postgres.statements import sql
from domain.store.store import Store, connect
from workers.broker import submit_batch

MOST_REPEATS = 4
LATEST_SECONDS = 3.0
POLL_EVERY_SECONDS = 0.05
_NEW = sql(
    "SELECT batch_id FROM action_batches WHERE created_at > clock_timestamp() - interval '2 s'"
)


class Repeater:
    """Finds new batches, and sends each copy of a message when it is due."""

    def __init__(self, store: Store, chance: random.Random):
        self.sent = 0
        self._store = store
        self._chance = chance
        self._seen: set[UUID] = set()
        self._due: list[tuple[float, UUID, Stage]] = []

    def poll(self, now: float) -> None:
        """Schedule copies for the batches that are new since the last call."""
        with self._store.write() as connection:
            found = set(connection.execute(_NEW).scalars()) - self._seen
        self._seen |= found
        for batch_id in found:
            for _ in range(self._chance.randint(1, MOST_REPEATS)):
                due_at = now + self._chance.random() * LATEST_SECONDS
                stage = self._chance.choice(CHAIN).before
                heapq.heappush(self._due, (due_at, batch_id, stage))

    def send(self, now: float) -> None:
        """Send the copies that are due."""
        while self._due and self._due[0][0] <= now:
            _, batch_id, stage = heapq.heappop(self._due)
            submit_batch(batch_id, stage=stage)
            self.sent += 1


def main() -> None:
    """Send copies until stdin is closed."""
    chance = random.Random(sys.stdin.readline())  # noqa: S311 - not a secret
    repeater = Repeater(connect(settings_of_process()), chance)
    stopping = threading.Event()

    def wait_until_closed() -> None:
        sys.stdin.read()
        stopping.set()

    threading.Thread(target=wait_until_closed, daemon=True).start()
    while not stopping.wait(POLL_EVERY_SECONDS):
        repeater.poll(time.monotonic())
        repeater.send(time.monotonic())
    sys.stdout.write(f"{repeater.sent}\n")


if __name__ == "__main__":
    main()
