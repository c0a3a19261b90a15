"""Faults inside a worker or keeper of a test: the process kills itself where it was told to.

Imported only by `worker_process.py` and `keeper_process.py`, never by the product.
"""

import os
import signal
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from celery.signals import task_success
from sqlalchemy import Engine, event

from domain.actions.model import LinkOutcome, Stage
from domain.store import keys
from faults.poisoned import dying_of
from workers.context import WorkerContext
from workers.links import LINKS, Link

POINTS = ("before", "inside", "before_commit", "after_commit", "before_ack")
POISON_SCORE = 666


def prepare(environ: Mapping[str, str]) -> None:
    """Give this process the keys of the test's own, and the fault that the test asks for."""
    keys.PREFIX = environ["LAUREL_TEST_PREFIX"]
    if crash := environ.get("LAUREL_TEST_CRASH"):
        stage, _, point = crash.partition(":")
        _crash_at(Stage(stage), point)
    if environ.get("LAUREL_TEST_POISON"):
        LINKS[Stage.ACCEPTED] = dying_of(POISON_SCORE, LINKS[Stage.ACCEPTED])


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _crash_at(stage: Stage, point: str) -> None:
    link = LINKS[stage]
    if point == "before":
        LINKS[stage] = _calling(_die, link)
    elif point == "after_commit":
        LINKS[stage] = _calling(lambda: None, link, after=_die)
    elif point == "inside":
        event.listen(Engine, "before_cursor_execute", _on_move(stage, lambda _: _die()))
    elif point == "before_commit":
        # The event comes before the COMMIT is sent.
        moved = _on_move(stage, lambda connection: connection.info.update(dies=True))
        event.listen(Engine, "before_cursor_execute", moved)
        event.listen(Engine, "commit", lambda connection: connection.info.get("dies") and _die())
    else:
        assert point == "before_ack"
        name = {Stage.ACCEPTED: "screen_batch", Stage.SCREENED: "score_batch"}[stage]

        def die_of_success(sender: Any, **_: Any) -> None:
            # By now the next link is published and this one is not acknowledged.
            if sender.name.endswith(name):
                _die()

        task_success.connect(die_of_success, weak=False)


def _calling(
    before: Callable[[], None], link: Link, *, after: Callable[[], None] = lambda: None
) -> Link:
    def run(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
        before()
        outcome = link(context, batch_id)
        after()
        return outcome

    return run


def _on_move(stage: Stage, act: Callable[[Any], None]) -> Callable[..., None]:
    """Return a listener that acts when a statement moves a batch on from this stage."""

    def listen(
        connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any
    ) -> None:
        if statement.startswith("UPDATE action_batches SET stage") and parameters["old"] == stage:
            act(connection)

    return listen
