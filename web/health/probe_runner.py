"""Asking every part of the system at once; called by the `/health` route.

A probe that does not answer in time is itself the answer, and is not started again until it has
ended.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from domain.errors import (
    DatabaseUnavailableError,
    LaurelError,
    RedisRefusalError,
    RedisUnavailableError,
)

ANSWER_SECONDS = 1.5

Facts = Mapping[str, Any]
Probe = Callable[[], Facts]
"""Returns facts to show; raises LaurelError saying what is wrong."""


class ProbeRunner:
    """Runs the probes of a table, each on a separate thread."""

    def __init__(self, probes: Mapping[str, Probe]):
        self._probes = dict(probes)
        self._lock = threading.Lock()
        self._running: dict[str, Future[dict[str, Any]]] = {}
        self._threads = ThreadPoolExecutor(len(self._probes), thread_name_prefix="probe")

    def describe(self) -> dict[str, Any]:
        """Return `status`, which is `ok` or `degraded`, and the `parts` as `run` does."""
        parts = self.run()
        is_ok = all(part["ok"] for part in parts.values())
        return {"status": "ok" if is_ok else "degraded", "parts": parts}

    def run(self) -> dict[str, dict[str, Any]]:
        """Return for each part `ok`, `ms`, and `error` or facts; takes ANSWER_SECONDS at most."""
        with self._lock:
            for name, probe in self._probes.items():
                running = self._running.get(name)
                if running is None or running.done():
                    self._running[name] = self._threads.submit(_run, probe)
            asked = dict(self._running)
        wait(asked.values(), timeout=ANSWER_SECONDS)
        return {
            name: future.result() if future.done() else _describe_silence(ANSWER_SECONDS)
            for name, future in asked.items()
        }


def _run(probe: Probe) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        facts: dict[str, Any] = {"ok": True, **probe()}
    except DatabaseUnavailableError as error:
        facts = {"ok": False, "error": error.cause}
    except RedisRefusalError as error:
        facts = {"ok": False, "error": f"Redis refuses commands: {error.reply}"}
    except RedisUnavailableError:
        facts = {"ok": False, "error": "Redis does not answer"}
    except LaurelError as error:
        facts = {"ok": False, "error": error.message, **(error.details or {})}
    facts["ms"] = round((time.perf_counter() - started) * 1000, 1)
    return facts


def _describe_silence(seconds: float) -> dict[str, Any]:
    return {"ok": False, "error": f"no answer within {seconds} s", "ms": seconds * 1000}
