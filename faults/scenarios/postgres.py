"""PostgreSQL crashed, out of connections, stalled, slow, and with lost answers to COMMIT."""

import signal
from contextlib import suppress

import psycopg2
import psycopg2.extensions

from faults.answers import find_bad_answers
from faults.client import Sent
from faults.scenario import Injection, Scenario

LOST_SHARE = 0.05
DELAY_SECONDS = 0.02
_KILL_BACKENDS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'laurel'"
)


def crash(injection: Injection) -> None:
    """Stop it by SIGQUIT, as a crash does, and start it again, repeatedly."""
    while injection.lasts_about(0.7):
        injection.stores.postgres.stop(signal.SIGQUIT)
        injection.lasts_about(0.7)
        injection.stores.postgres.start()


def kill_backends(injection: Injection) -> None:
    """Terminate every connection of the product once a second, also inside transactions."""
    connection = psycopg2.connect(injection.stores.superuser_url)
    connection.autocommit = True
    killed = 0
    try:
        with connection.cursor() as cursor:
            while injection.lasts(1.0):
                cursor.execute(_KILL_BACKENDS)
                killed += (cursor.fetchone() or (0,))[0]
    finally:
        connection.close()
    if not killed:
        injection.problems.append("no backend was terminated: the fault had no effect")


def take_all_connections(injection: Injection) -> None:
    """Terminate the product's connections, and open connections until none is left for it."""
    killer = psycopg2.connect(injection.stores.superuser_url)
    killer.autocommit = True
    taken: list[psycopg2.extensions.connection] = []
    try:
        with killer.cursor() as cursor:
            while injection.lasts(0.1):
                cursor.execute(_KILL_BACKENDS)
                with suppress(psycopg2.OperationalError):
                    while True:
                        taken.append(injection.stores.connect())
    finally:
        for connection in (killer, *taken):
            connection.close()


def find_not_refused(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return failures other than 503, and the absence of any 503."""
    return find_bad_answers(injection, sent, wanted=503)


def stall(injection: Injection) -> None:
    """Forward nothing in either direction; the kernel still acknowledges every segment."""
    injection.stores.postgres_proxy.stall()
    while injection.lasts(1.0):
        pass


def slow_down(injection: Injection) -> None:
    """Delay every query and every answer by 20 ms."""
    injection.stores.postgres_proxy.delay(DELAY_SECONDS)
    while injection.lasts(1.0):
        pass


def lose_commits(injection: Injection) -> None:
    """Let it commit, and close the connection instead of forwarding the answer."""
    proxy = injection.stores.postgres_proxy
    lost_before = proxy.lost
    proxy.lose_answers(lambda data: b"COMMIT" in data and injection.chance.random() < LOST_SHARE)
    while injection.lasts(1.0):
        pass
    if proxy.lost == lost_before:
        injection.problems.append("no answer to COMMIT was lost: the fault had no effect")


SCENARIOS = (
    Scenario(name="postgres-crashed", inject=crash),
    Scenario(name="postgres-backends-killed", inject=kill_backends),
    Scenario(
        name="postgres-connections-taken",
        inject=take_all_connections,
        find_problems=find_not_refused,
    ),
    Scenario(name="postgres-stalled", inject=stall),
    Scenario(name="postgres-slow", inject=slow_down),
    Scenario(name="commit-reported-failed", inject=lose_commits),
)
