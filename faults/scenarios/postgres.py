"""PostgreSQL stopped without a goodbye, taken by others, slow, its commits done and not told."""

import signal
from contextlib import suppress

import psycopg2
import psycopg2.extensions

from faults.answers import find_bad_answers
from faults.client import Sent
from faults.model import Scenario, Strike

LOST_SHARE = 0.05
DELAY_SECONDS = 0.02
_KILL_BACKENDS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'laurel'"
)


def crash(strike: Strike) -> None:
    """Stop it at once, as a crash does, and start it again, over and over."""
    while strike.lasts_about(0.7):
        strike.stores.postgres.end(signal.SIGQUIT)
        strike.lasts_about(0.7)
        strike.stores.postgres.start()


def kill_backends(strike: Strike) -> None:
    """Kill every connection of the product once a second, inside transactions as it happens."""
    connection = psycopg2.connect(strike.stores.superuser_url)
    connection.autocommit = True
    killed = 0
    try:
        with connection.cursor() as cursor:
            while strike.lasts(1.0):
                cursor.execute(_KILL_BACKENDS)
                killed += (cursor.fetchone() or (0,))[0]
    finally:
        connection.close()
    if not killed:
        strike.problems.append("no backend was killed: nothing was tried")


def take_all_connections(strike: Strike) -> None:
    """End the product's connections and take every one that there is, before it is back."""
    killer = psycopg2.connect(strike.stores.superuser_url)
    killer.autocommit = True
    taken: list[psycopg2.extensions.connection] = []
    try:
        with killer.cursor() as cursor:
            while strike.lasts(0.1):
                cursor.execute(_KILL_BACKENDS)
                with suppress(psycopg2.OperationalError):
                    while True:
                        taken.append(strike.stores.connect())
    finally:
        for connection in (killer, *taken):
            connection.close()


def find_unrefused(strike: Strike, sent: list[Sent]) -> list[str]:
    """Nobody is told more than `503`, and somebody is told that."""
    return find_bad_answers(strike, sent, wanted=503)


def stand_still(strike: Strike) -> None:
    """Let nothing through either way: the system still acknowledges every segment."""
    strike.stores.postgres_proxy.stall()
    while strike.lasts(1.0):
        pass


def be_far_away(strike: Strike) -> None:
    """Let every question and every answer take its time."""
    strike.stores.postgres_proxy.delay(DELAY_SECONDS)
    while strike.lasts(1.0):
        pass


def lose_commits(strike: Strike) -> None:
    """Let it commit, and break the connection instead of saying so."""
    proxy = strike.stores.postgres_proxy
    lost_before = proxy.lost
    proxy.lose_answers(lambda data: b"COMMIT" in data and strike.chance.random() < LOST_SHARE)
    while strike.lasts(1.0):
        pass
    if proxy.lost == lost_before:
        strike.problems.append("no commit was lost: nothing was tried")


SCENARIOS = (
    Scenario(name="postgres-crashed", strike=crash),
    Scenario(name="postgres-backends-killed", strike=kill_backends),
    Scenario(
        name="postgres-connections-taken",
        strike=take_all_connections,
        find_problems=find_unrefused,
    ),
    Scenario(name="postgres-stalled", strike=stand_still),
    Scenario(name="postgres-slow", strike=be_far_away),
    Scenario(name="commit-reported-failed", strike=lose_commits),
)
