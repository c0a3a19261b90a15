"""Faults inside a worker or keeper of a test: the process kills itself at the chosen point.

Imported only by `worker_process.py` and `keeper_process.py`, never by the product.
"""

from collections.abc import Mapping

from domain.actions.chain import CHAIN, SCREEN
from domain.store.redis import keys
from faults.children.poisoned import dying_of
from tests.workers.killing import kill_at, kill_in_building, kill_in_closing
from workers.chain import RUNNERS

POISON_SCORE = 666


def prepare(environ: Mapping[str, str]) -> None:
    """Give this process the Redis prefix and the fault that the test asks for."""
    keys.PREFIX = environ["LAUREL_TEST_PREFIX"]
    if crash := environ.get("LAUREL_TEST_CRASH"):
        name, _, point = crash.partition(":")
        kill_at(next(link for link in CHAIN if link.name == name), point)
    if point := environ.get("LAUREL_TEST_CLOSING_CRASH"):
        kill_in_closing(point)
    if point := environ.get("LAUREL_TEST_BUILDING_CRASH"):
        kill_in_building(point)
    if environ.get("LAUREL_TEST_POISON"):
        RUNNERS[SCREEN] = dying_of(POISON_SCORE, RUNNERS[SCREEN])
