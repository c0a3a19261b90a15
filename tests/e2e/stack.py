"""Laurel as an operator starts it: `run.py` with a new home on free ports; see `conftest`."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.environment import without_stores
from tests.e2e.api import Api
from tests.local.project import descendants, free_ports, wait_for

ROOT = Path(__file__).parents[2]
FLOWER_LOGIN = ("watcher", "over-the-queues")
# Two processes of the API, so that no test passes because of the memory of one process.
CHOSEN = {
    "API_WORKERS": "2",
    "SUSPICIOUS_SCORE_THRESHOLD": "5000",
    "FLOWER_BASIC_AUTH": ":".join(FLOWER_LOGIN),
}
START_SECONDS = 100.0
STOP_SECONDS = 30.0
COMMAND_SECONDS = 60.0


class Stack:
    """The launcher, with access by HTTP, sockets, operator's commands and process ids."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self._said = folder / "said.txt"
        ports = dict(zip(("PORT", "LIVE_PORT", "FLOWER_PORT"), free_ports(3), strict=True))
        self.port, self.live_port, self.flower_port = ports.values()
        self._env = without_stores(os.environ) | CHOSEN | {"LAUREL_HOME": str(self.home)}
        self._env |= {name: str(port) for name, port in ports.items()}
        self._launcher: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the launcher and wait until it prints the curl command."""
        with self._said.open("w") as said:
            self._launcher = launcher = subprocess.Popen(
                [sys.executable, "run.py"],
                cwd=ROOT,
                env=self._env,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(
            lambda: "-H 'Content-Type" in self.said() or launcher.poll() is not None,
            "Laurel to be up",
            self.explain,
            START_SECONDS,
        )
        assert launcher.poll() is None, self.said()

    def stop(self) -> dict[int, str]:
        """Send SIGINT, as Ctrl-C does; return the processes that were running."""
        launcher = self._launcher
        if launcher is None or launcher.poll() is not None:
            return {}
        ran = descendants(launcher.pid)
        launcher.send_signal(signal.SIGINT)
        try:
            launcher.wait(STOP_SECONDS)
        finally:
            launcher.kill()
        return ran

    def said(self) -> str:
        """Return the output of the launcher so far."""
        return self._said.read_text()

    def explain(self) -> str:
        """Return the output and the folder of the logs, for failure messages."""
        return f"{self.said()}\nlogs: {self.home / 'logs'}"

    def printed_token(self) -> str:
        """Return the token of the player 'demo' that the launcher printed."""
        found = re.search(r"^ey[\w-]+\.[\w-]+\.[\w-]+$", self.said(), re.MULTILINE)
        assert found, self.said()
        return found.group()

    def printed_curl(self) -> str:
        """Return the curl command that the launcher printed."""
        return self.said()[self.said().index("curl -sS") :].partition("\n\n")[0]

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.live_port}/ws"

    def api(self) -> Api:
        """Return a client with a new connection."""
        return Api(self.port)

    def pid_of(self, name: str) -> int | None:
        """Return the id of a supervised process, None while it is not running."""
        for line in (self.home / "processes").read_text().splitlines():
            pid, _, known = line.split("\t")
            if known == name:
                return int(pid)
        return None

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a process, and wait until the launcher has started another."""
        pid = self.pid_of(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, number)
        wait_for(lambda: self.pid_of(name) not in (None, pid), f"another {name}", self.explain)

    @contextmanager
    def stalled(self, name: str) -> Iterator[None]:
        """Pause a process during the context."""
        pid = self.pid_of(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def store_urls(self) -> tuple[str, str]:
        """Return the URLs of PostgreSQL and Valkey."""
        kept: dict[str, Any] = json.loads((self.home / "secrets/environment.json").read_text())
        return kept["DATABASE_URL"], kept["REDIS_URL"]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `run.py`, as in a second terminal."""
        return subprocess.run(
            [sys.executable, "run.py", *command],
            cwd=ROOT,
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )

    def flask(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run an operator's command on the running system."""
        return self.run("exec", "flask", "--app", "wsgi", *command)

    def issue_tokens(self, count: int, *options: Sequence[str] | str) -> list[dict[str, str]]:
        """Return `count` new users with tokens, issued by the operator's command."""
        made = self.flask("tokens", "issue", "--count", str(count), "--json", *map(str, options))
        assert made.returncode == 0, made.stderr
        rows: list[dict[str, str]] = [json.loads(line) for line in made.stdout.splitlines()]
        return rows
