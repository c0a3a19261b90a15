"""A stack for measurements: `run.py serve` with a new home on free ports, as a user starts it.

Its stores are durable (fsync as in `.laurel`), and everything it wrote is removed at the end.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.environment import without_stores
from local.errors import LocalError
from local.health import ask_health
from local.home import Home, is_running
from local.ports import LOOPBACK, find_free_port
from local.running import running_environment
from local.supervision.parent_death import die_with_parent

PREFIX = ".laurel-rig-"
# Limits are raised, not removed: every check still runs for every action.
RAISED = {
    "RATE_LIMIT_REQUESTS": "1000000000",
    "RATE_LIMIT_IP_REQUESTS": "1000000000",
    "MAX_ACTIONS_PER_MINUTE": "1000000000",
    "SUSPICIOUS_SCORE_THRESHOLD": "1000000000000",
    "JWT_EXPIRATION": "86400",
}
READY_SECONDS = 120.0
STOP_SECONDS = 60.0
NEW_SECONDS = 60.0


@dataclass(frozen=True)
class Stack:
    """A running stack: its environment, its home and the process id of its launcher."""

    root: Path
    home: Home
    env: Mapping[str, str]
    launcher: int

    @property
    def port(self) -> int:
        return int(self.env["PORT"])

    @property
    def live_port(self) -> int:
        return int(self.env["LIVE_PORT"])

    @property
    def database_url(self) -> str:
        return self.env["DATABASE_URL"]

    def processes(self) -> dict[str, int]:
        """Return the supervised processes: name, such as `worker.1`, to id."""
        lines = [line.split("\t") for line in self.home.processes.read_text().splitlines()]
        return {name: int(pid) for pid, _, name in lines}

    def process_kinds(self) -> dict[int, str]:
        """Return the launcher and its supervised processes: id to kind, such as `worker`."""
        kinds = {pid: name.partition(".")[0] for name, pid in self.processes().items()}
        return {self.launcher: "launcher"} | kinds

    def output_of(self, *command: str) -> str:
        """Return what an operator's command prints; raises LocalError with its errors."""
        done = self._run(*command)
        if done.returncode != 0:
            raise LocalError(f"'{' '.join(command)}' failed:\n  {done.stderr.strip()[-1500:]}")
        return done.stdout

    def find_violations(self) -> str:
        """Return what `verify` reports as broken; an empty string when every invariant holds."""
        done = self._run("flask", "--app", "wsgi", "verify")
        return "" if done.returncode == 0 else f"verify: {done.stdout}{done.stderr[-1000:]}"

    def find_differences(self) -> str:
        """Return what `ledger replay` makes otherwise than it is stored; empty when nothing is."""
        done = self._run("flask", "--app", "wsgi", "ledger", "replay")
        return "" if done.returncode == 0 else f"replay: {done.stdout}{done.stderr[-1000:]}"

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.root,
            env=dict(self.env),
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def running_stack(
    root: Path,
    parent: Path,
    settings: Mapping[str, str] | None = None,
    *,
    prepare_home: Callable[[Path], object] = lambda _folder: None,
) -> Iterator[Stack]:
    """Start a whole stack in a new folder below `parent`; stop and remove it at the end.

    `settings` are further environment variables; `prepare_home` gets the home before anything is
    in it. Raises LocalError when it does not start.
    """
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    prepare_home(folder)
    ports = {name: str(find_free_port(None)) for name in ("PORT", "LIVE_PORT", "FLOWER_PORT")}
    given = without_stores(os.environ) | RAISED | ports | {"HOST": LOOPBACK}
    # Whatever the caller's is: production would ask for passwords, `/metrics` too.
    given |= {"LAUREL_ENV": "development", "LAUREL_HOME": str(folder), **(settings or {})}
    try:
        with (folder / "output.txt").open("w") as output:
            launcher = subprocess.Popen(
                [sys.executable, "-m", "local", str(root), "serve"],
                cwd=root,
                env=given,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        try:
            _wait_until_ok(launcher, int(ports["PORT"]), folder)
            env = running_environment(root, given)
            yield Stack(root, Home(folder), env, launcher.pid)
        finally:
            _stop(launcher)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ok(launcher: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ask_health(LOOPBACK, port).is_ok:
        if launcher.poll() is not None or time.monotonic() > deadline:
            output = (folder / "output.txt").read_text(errors="replace").strip()
            raise LocalError(f"the stack did not start; its launcher printed:\n{output[-2000:]}")
        time.sleep(0.25)


def _stop(launcher: subprocess.Popen[bytes]) -> None:
    """Send SIGINT, as Ctrl-C does; kill the launcher when that takes too long."""
    if launcher.poll() is None:
        launcher.send_signal(signal.SIGINT)
    try:
        launcher.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        launcher.kill()
        launcher.wait()


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of runs that were killed; their processes ended with them."""
    for folder in parent.glob(PREFIX + "*"):
        with suppress(OSError):
            found = folder.stat()
            is_new = time.time() - found.st_mtime < NEW_SECONDS
            if found.st_uid == os.geteuid() and not is_new and not is_running(Home(folder)):
                shutil.rmtree(folder, ignore_errors=True)
