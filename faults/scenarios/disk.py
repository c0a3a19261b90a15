"""Full disks.

PostgreSQL's: first its tables, then its log cannot grow, and it stops. The launcher's: its list
of processes, the logs and the files of the metrics cannot grow, and all of that may fail.
"""

import signal
from contextlib import suppress

import psycopg2

from faults.answers import find_bad_answers, find_slow_or_failed
from faults.client import Sent
from faults.scenario import Injection, Scenario, Setup
from rig.processes import children_of

DISK_MEGABYTES = 512
HOME_MEGABYTES = 64
HOME_P99_SECONDS = 3.0
RESTARTED = ("worker.1", "maintenance", "keeper")


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


def fill_home(injection: Injection) -> None:
    """Fill the launcher's folder, and kill processes that it has to start and to list again."""
    disk = injection.system.home_disk
    assert disk is not None
    killed = {injection.system.pid_of(name) for name in RESTARTED}
    expected = len(injection.system.stack.processes())
    try:
        disk.fill()
        for name in RESTARTED:
            injection.system.send(name, signal.SIGKILL)
        while injection.lasts(0.05):
            disk.fill()
        running = children_of(injection.system.stack.launcher)
    finally:
        disk.free()
    if killed & set(running):
        injection.problems.append("nothing was killed: the fault had no effect")
    # The launcher's watchdog is a child too.
    if len(running) < expected + 1:
        injection.problems.append(f"{len(running)} of {expected + 1} processes run on a full disk")


def find_refused(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return failures of requests: the API and the stores were never touched."""
    return find_slow_or_failed(injection, sent, p99_seconds=HOME_P99_SECONDS)


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
    Scenario(
        name="home-full",
        inject=fill_home,
        find_problems=find_refused,
        setup=Setup(home_megabytes=HOME_MEGABYTES),
    ),
)
