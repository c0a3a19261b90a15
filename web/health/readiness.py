"""Health: whether this process may take traffic, and how each part of the system is.

The parts are a table of probes (`web/health/probes.py`); a probe that does not answer in
time is itself the answer, and is not started again until it has ended.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import DatabaseUnavailableError, LaurelError, RedisUnavailableError
from domain.store.health import find_migration, ping_database
from domain.store.postgres.heartbeats import list_silence_seconds
from domain.store.store import Store

ANSWER_SECONDS = 1.5
WORKER_SILENCE_SECONDS = 60.0
MIGRATIONS = Path(__file__).parents[2] / "migrations"

Facts = Mapping[str, Any]
Probe = Callable[[], Facts]
"""Returns facts to show; raises LaurelError saying what is wrong."""


class Probes:
    """Asks all parts at once, each on a thread of its own."""

    def __init__(self, probes: Mapping[str, Probe]):
        self._probes = dict(probes)
        self._lock = threading.Lock()
        self._running: dict[str, Future[dict[str, Any]]] = {}
        self._threads = ThreadPoolExecutor(len(self._probes), thread_name_prefix="probe")

    def ask(self) -> dict[str, dict[str, Any]]:
        """Return for each part `ok`, `ms`, and what is wrong or worth knowing."""
        with self._lock:
            for name, probe in self._probes.items():
                running = self._running.get(name)
                if running is None or running.done():
                    self._running[name] = self._threads.submit(_time, probe)
            asked = dict(self._running)
        wait(asked.values(), timeout=ANSWER_SECONDS)
        return {
            name: future.result() if future.done() else _silent(ANSWER_SECONDS)
            for name, future in asked.items()
        }


class Readiness:
    """Whether this process may take traffic."""

    def __init__(self, store: Store):
        self._store = store
        self._was_ready = False

    def find_obstacle(self) -> str | None:
        """Return what keeps this process from taking traffic, or None.

        At first the schema and a worker count too; afterwards only PostgreSQL, so that a balancer
        keeps us when the rest is away.
        """
        try:
            with self._store.write() as connection:
                if self._was_ready:
                    ping_database(connection)
                    return None
                if find_migration(connection) != _find_head():
                    return "the database is not migrated to this version"
                silence = list_silence_seconds(connection).get("worker")
        except DatabaseUnavailableError:
            return "PostgreSQL does not answer"
        if silence is None or silence > WORKER_SILENCE_SECONDS:
            return "no worker has been seen yet"
        self._was_ready = True
        return None


def _find_head() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()


def _time(probe: Probe) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        facts: dict[str, Any] = {"ok": True, **probe()}
    except DatabaseUnavailableError:
        facts = {"ok": False, "error": "PostgreSQL does not answer"}
    except RedisUnavailableError:
        facts = {"ok": False, "error": "Redis does not answer"}
    except LaurelError as error:
        facts = {"ok": False, "error": error.message, **(error.details or {})}
    except SQLAlchemyError as error:
        # Before the first migration, for instance: a part that is not well, not an error of ours.
        facts = {"ok": False, "error": f"PostgreSQL refused: {type(error).__name__}"}
    facts["ms"] = round((time.perf_counter() - started) * 1000, 1)
    return facts


def _silent(seconds: float) -> dict[str, Any]:
    return {"ok": False, "error": f"no answer within {seconds} s", "ms": seconds * 1000}
