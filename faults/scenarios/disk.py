"""PostgreSQL's disk is full: first its tables cannot grow, then its log, and it gives up."""

from contextlib import suppress

import psycopg2

from faults.answers import find_bad_answers
from faults.client import Sent
from faults.model import Scenario, Setup, Strike

DISK_MEGABYTES = 512


def fill(strike: Strike) -> None:
    """Take the last byte and every one that comes free; let the log begin a new file meanwhile."""
    assert strike.stores.disk is not None
    if not strike.stores.disk.fill():
        strike.problems.append("the disk was full already: nothing was tried")
    while strike.lasts_about(0.5):
        strike.stores.disk.fill()
        with suppress(psycopg2.Error):
            _begin_new_log(strike)


def _begin_new_log(strike: Strike) -> None:
    connection = psycopg2.connect(strike.stores.superuser_url, connect_timeout=1)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_switch_wal()")
    finally:
        connection.close()


def find_problems(strike: Strike, sent: list[Sent]) -> list[str]:
    """Nobody is told more than `503`, and somebody is told that."""
    return find_bad_answers(strike, sent, wanted=503)


SCENARIOS = (
    Scenario(
        name="postgres-disk-full",
        strike=fill,
        find_problems=find_problems,
        setup=Setup(disk_megabytes=DISK_MEGABYTES),
    ),
)
