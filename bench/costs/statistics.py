"""Lets a stack's PostgreSQL count statements and show its log; both need the superuser."""

import os
import signal
import time
from urllib.parse import quote, urlsplit

import psycopg2
import psycopg2.extensions

from local import credentials
from local.errors import LocalError
from local.health import ask_health
from local.ports import LOOPBACK
from rig.draining import wait_until
from rig.stack import Stack

LIBRARY = "pg_stat_statements"
RESTART_SECONDS = 60.0
# The log between two readings must still be there when it is counted.
SETTINGS = {
    "shared_preload_libraries": LIBRARY,
    "pg_stat_statements.max": "10000",
    "wal_keep_size": "4GB",
}
SCHEMA = "bench_counts"
CHECK_EVERY_SECONDS = 0.25


def connect_superuser(stack: Stack) -> psycopg2.extensions.connection:
    """Return a connection of the superuser to the stack's database, with autocommit."""
    address = urlsplit(stack.database_url)
    password = quote(credentials.secret(stack.home.secrets, credentials.SUPERUSER), safe="")
    connection = psycopg2.connect(
        f"postgresql://postgres:{password}@{address.hostname}:{address.port}{address.path}"
    )
    connection.autocommit = True
    return connection


def prepare_statistics(stack: Stack) -> None:
    """Restart the stack's PostgreSQL with the library that counts statements.

    Raises LocalError when the stack is not healthy again within RESTART_SECONDS.
    """
    connection = connect_superuser(stack)
    with connection.cursor() as cursor:
        for name, value in SETTINGS.items():
            cursor.execute(f"ALTER SYSTEM SET {name} = %s", (value,))
    connection.close()
    # Fast shutdown; the supervisor starts it again, as it would after a crash.
    os.kill(stack.processes()["postgres"], signal.SIGINT)
    restarted = wait_until(lambda: _has_library(stack), timeout_seconds=RESTART_SECONDS)
    healthy = wait_until(lambda: _is_healthy(stack), timeout_seconds=RESTART_SECONDS)
    if restarted is None or healthy is None:
        raise LocalError("PostgreSQL did not restart with the library that counts statements.")
    connection = connect_superuser(stack)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        for extension in (LIBRARY, "pg_walinspect"):
            cursor.execute(f"CREATE EXTENSION {extension} SCHEMA {SCHEMA}")
    connection.close()


def _has_library(stack: Stack) -> bool:
    try:
        connection = connect_superuser(stack)
    except psycopg2.OperationalError:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SHOW shared_preload_libraries")
        found = cursor.fetchone()
    connection.close()
    return found == (LIBRARY,)


def _is_healthy(stack: Stack) -> bool:
    time.sleep(CHECK_EVERY_SECONDS)
    return ask_health(LOOPBACK, stack.port).is_ok
