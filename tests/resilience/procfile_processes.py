"""Lines of the Procfile as processes on the stores of a test."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from domain.settings import Settings
from local.supervision.procfile import read_procfile
from tests.local.project import wait_for

ROOT = Path(__file__).parents[2]
COMMANDS = dict(read_procfile(ROOT / "Procfile"))
STOP_SECONDS = 20.0


class ProcfileProcess:
    """The process of one line of the Procfile; its output goes to a log file."""

    def __init__(
        self,
        line: str,
        settings: Settings,
        is_ready: Callable[["ProcfileProcess"], bool],
        **env: str,
    ):
        self.name = env["LAUREL_PROCESS"]
        self.log = Path(settings.laurel_home) / f"{self.name}.log"
        self.starts = 0
        self.pass_fds: tuple[int, ...] = ()
        self._line = line
        self._is_ready = is_ready
        self._env = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "JWT_SECRET": settings.jwt_secret,
            "LAUREL_ENV": "test",
            "LAUREL_HOME": settings.laurel_home,
            **env,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int:
        """The id of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", f"exec {COMMANDS[self._line]}"],
                cwd=ROOT,
                env=self._env,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=self.pass_fds,
            )
        self.starts += 1
        wait_for(lambda: self._is_ready(self), f"{self.name} to be ready", self.log.read_text)

    def replace(self) -> None:
        """Stop it by SIGTERM, wait until it has ended, and start another."""
        self.stop()
        self.start()

    def stop(self) -> None:
        """Stop it by SIGTERM and wait until it has ended."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(STOP_SECONDS)
        assert code == 0, f"{self.name} ended with {code}: {shlex.quote(self.log.read_text())}"

    def end(self) -> None:
        """Kill it and its children, and wait."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(5)
