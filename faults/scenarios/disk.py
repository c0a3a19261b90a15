"""A full disk of PostgreSQL: first its tables, then its log cannot grow, and it stops."""

from contextlib import suppress

import psycopg2

from faults.answers import find_bad_answers
from faults.client import Sent
from faults.scenario import Injection, Scenario, Setup

DISK_MEGABYTES = 512


def fill(injection: Injection) -> None:
    """Fill the disk again and again, and have PostgreSQL begin new files of its log."""
    assert injection.stores.disk is not None
    if not injection.stores.disk.fill():
        injection.problems.append("the disk was full already: the fault had no effect")
    while injection.lasts_about(0.5):
        injection.stores.disk.fill()
        with suppress(psycopg2.Error):
            _begin_new_log(injection)


def _begin_new_log(injection: Injection) -> None:
    connection = psycopg2.connect(injection.stores.superuser_url, connect_timeout=1)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_switch_wal()")
    finally:
        connection.close()


def find_problems(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return failures other than 503, and the absence of any 503."""
    return find_bad_answers(injection, sent, wanted=503)


SCENARIOS = (
    Scenario(
        name="postgres-disk-full",
        inject=fill,
        find_problems=find_problems,
        setup=Setup(disk_megabytes=DISK_MEGABYTES),
    ),
)
