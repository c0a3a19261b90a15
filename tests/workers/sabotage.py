"""Faults inside a worker or keeper of a test: the process kills itself where it was told to.

Imported only by `worker_process.py` and `keeper_process.py`, never by the product.
"""

from collections.abc import Mapping

from domain.actions.model import Stage
from domain.store.redis import keys
from faults.children.poisoned import dying_of
from tests.workers.killing import kill_at
from workers.chain import LINKS

POISON_SCORE = 666


def prepare(environ: Mapping[str, str]) -> None:
    """Give this process the keys of the test's own, and the fault that the test asks for."""
    keys.PREFIX = environ["LAUREL_TEST_PREFIX"]
    if crash := environ.get("LAUREL_TEST_CRASH"):
        stage, _, point = crash.partition(":")
        kill_at(Stage(stage), point)
    if environ.get("LAUREL_TEST_POISON"):
        LINKS[Stage.ACCEPTED] = dying_of(POISON_SCORE, LINKS[Stage.ACCEPTED])
