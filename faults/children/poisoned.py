"""`python -m faults.children.poisoned`: a worker or keeper that an action of one score kills.

Started by the scenario `poison` and by tests only.
"""

import os
import signal
import sys
from uuid import UUID

from domain.actions.chain import SCREEN
from domain.actions.model import LinkOutcome
from domain.store.postgres.actions.batches import IS_AT_STAGE, IS_FRESH
from domain.store.postgres.statements import sql
from workers import consumer, keeper
from workers.chain import RUNNERS, Runner
from workers.context import WorkerContext

# Two digits: the scores of the load have three.
POISON_SCORE = 66
# Of a batch that the link would take up: one that it leaves alone cannot kill it.
_SCORES = sql(
    f"SELECT unnest(scores) FROM action_batches WHERE {IS_AT_STAGE} AND ({IS_FRESH} OR :stalled)"
)


def dying_of(score: int, screen: Runner) -> Runner:
    """Return *screen* so that it kills its process when it takes up a batch with this score."""

    def run(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
        with context.store.write() as connection:
            claimed = {
                "batch_id": batch_id,
                "old": SCREEN.before,
                "stalled": context.takes_stalled,
            }
            scores = set(connection.execute(_SCORES, claimed).scalars())
        if score in scores:
            os.kill(os.getpid(), signal.SIGKILL)
        return screen(context, batch_id)

    return run


def main(kind: str) -> int:
    """Run a worker or the keeper with a first link that `dying_of` has wrapped."""
    RUNNERS[SCREEN] = dying_of(POISON_SCORE, RUNNERS[SCREEN])
    return keeper.main() if kind == "keeper" else consumer.main(["actions"])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
