"""Workers and keepers as processes of one test, restarted when they kill themselves."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from domain.settings import Settings
from domain.store.redis import keys

ROOT = Path(__file__).parent.parent.parent
WORKER = ("-m", "tests.workers.worker_process")
KEEPER = ("-m", "tests.workers.keeper_process")


def make_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a process on this test's stores and keys."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "JWT_SECRET": settings.jwt_secret,
        "LAUREL_ENV": "test",
        "LAUREL_HOME": settings.laurel_home,
        "LAUREL_TEST_PREFIX": keys.PREFIX,
    }


class Running:
    """One process of a kind; what it says goes to a file in the test's folder."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path):
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=dict(environment),
                stdout=output,
                stderr=output,
            )

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs."""
        return self._process.poll()

    def wait(self, timeout_seconds: float) -> int:
        """Return how it ended. Raises subprocess.TimeoutExpired."""
        return self._process.wait(timeout_seconds)

    def end(self) -> None:
        """Kill it and wait for its end."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


class Supervised:
    """A process that is started again whenever it ends, until it is let go."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path):
        self.starts = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(arguments, environment, log))
        self._thread.start()

    def end(self) -> None:
        """End the process and start no other."""
        self._stopping.set()
        self._thread.join(20)

    def _run(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        while not self._stopping.is_set():
            running = Running(arguments, environment, log)
            self.starts += 1
            while running.exit_code is None and not self._stopping.wait(0.05):
                pass
            running.end()


StartKeeper = Callable[[Mapping[str, str]], Running]
"""Starts a keeper with these variables added to its environment."""
