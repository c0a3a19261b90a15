"""As `python -m`: the product's, but an action of one score kills it.

Only the poison scenario and tests start it; the product never imports it.
"""

import os
import signal
import sys
from uuid import UUID

from domain.actions.chain import SCREEN
from domain.actions.model import LinkOutcome
from domain.store.postgres.statements import sql
from workers import consumer, keeper
from workers.chain import RUNNERS, Runner
from workers.context import WorkerContext

# Of two digits, where the load's scores have three.
POISON_SCORE = 66
_SCORES = sql("SELECT score_delta FROM user_actions WHERE batch_id = :id")


def dying_of(score: int, link: Runner) -> Runner:
    """Return the link with a process that dies of a batch in which this score is."""

    def run(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
        with context.store.write() as connection:
            scores = set(connection.execute(_SCORES, {"id": batch_id}).scalars())
        if score in scores:
            os.kill(os.getpid(), signal.SIGKILL)
        return link(context, batch_id)

    return run


def main(kind: str) -> int:
    """Run the product's process of this kind with a first link that can be poisoned."""
    RUNNERS[SCREEN] = dying_of(POISON_SCORE, RUNNERS[SCREEN])
    return keeper.main() if kind == "keeper" else consumer.main(["actions"])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
