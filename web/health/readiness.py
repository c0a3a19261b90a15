"""Whether this process may take traffic; called by the `/health/ready` route."""

from collections.abc import Sequence
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from domain.errors import DatabaseUnavailableError
from domain.store.health import find_migration, ping_database
from domain.store.postgres.heartbeats import list_silence_seconds
from domain.store.store import Store
from workers.background import BackgroundThread

WORKER_SILENCE_SECONDS = 60.0
MIGRATIONS = Path(__file__).parents[2] / "migrations"


class Readiness:
    """Decides it from PostgreSQL, the schema, the workers and the threads that must run here."""

    def __init__(self, store: Store, required_threads: Sequence[BackgroundThread] = ()):
        self._store = store
        self._required_threads = tuple(required_threads)
        self._was_ready = False

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
        except DatabaseUnavailableError:
            return "PostgreSQL does not answer"

    def _find_obstacle_in_database(self) -> str | None:
        with self._store.write() as connection:
            if self._was_ready:
                ping_database(connection)
                return None
            if find_migration(connection) != _find_head():
                return "the database is not migrated to this version"
            silence = list_silence_seconds(connection).get("worker")
        if silence is None or silence > WORKER_SILENCE_SECONDS:
            return "no worker has been seen yet"
        self._was_ready = True
        return None


def _find_head() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()
