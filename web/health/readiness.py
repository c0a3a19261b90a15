"""Whether this process may take traffic; called by the `/health/ready` route."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from domain.errors import DatabaseUnavailableError
from domain.store.health import find_migration, ping_database
from domain.store.postgres.heartbeats import beat, list_silence_seconds
from domain.store.store import Connection, Store
from workers.process.background import BackgroundThread

WORKER_SILENCE_SECONDS = 60.0
# However often it is asked: a balancer with many machines asks much.
WRITE_SECONDS = 1.0
MIGRATIONS = Path(__file__).parents[2] / "migrations"


class Readiness:
    """Decides it from PostgreSQL, the schema, the workers and the threads that must run here.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        store: Store,
        required_threads: Sequence[BackgroundThread] = (),
        clock: Callable[[], float] = time.monotonic,
    ):
        self._store = store
        self._required_threads = tuple(required_threads)
        self._clock = clock
        self._was_ready = False
        self._wrote_at = -WRITE_SECONDS

    def find_obstacle(self) -> str | None:
        """Return what keeps this process from taking traffic, or None.

        Until it was ready once, the schema and a worker count too; afterwards only PostgreSQL and
        this process itself, so that a load balancer keeps it when the rest is away.
        """
        for thread in self._required_threads:
            if not thread.is_healthy:
                return f"the thread {thread.name} is dead or stuck"
        try:
            return self._find_obstacle_in_database()
        except DatabaseUnavailableError as error:
            return error.cause

    def _find_obstacle_in_database(self) -> str | None:
        with self._store.write() as connection:
            if self._was_ready:
                self._write(connection)
                return None
            if find_migration(connection) != _find_head():
                return "the database is not migrated to this version"
            self._write(connection)
            silence = list_silence_seconds(connection).get("worker")
        if silence is None or silence > WORKER_SILENCE_SECONDS:
            return "no worker has been seen yet"
        self._was_ready = True
        return None

    def _write(self, connection: Connection) -> None:
        """Write a heartbeat: a server that only answers reads takes no action.

        At most one in WRITE_SECONDS; in between a question must do.
        """
        if self._clock() < self._wrote_at + WRITE_SECONDS:
            ping_database(connection)
            return
        self._wrote_at = -WRITE_SECONDS
        beat(connection, process="api")
        self._wrote_at = self._clock()


def _find_head() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()
