"""A stack of the bench's own: `run.py serve` on a new home and free ports, as a user starts it.

Its stores keep what they are told (fsync as in `.laurel`); nothing of it is left at the end.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.environment import without_stores
from local.errors import LocalError
from local.health import ask_health
from local.home import Home, is_running
from local.ports import LOOPBACK, keep_or_pick
from local.running import running_environment
from local.supervision.lifeline import tie_to_parent

PREFIX = ".laurel-bench-"
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
YOUNG_SECONDS = 60.0
REST_SECONDS = 5.0


@dataclass(frozen=True)
class Stack:
    """What runs, and the ways into it."""

    root: Path
    home: Home
    env: Mapping[str, str]
    launcher: int

    @property
    def port(self) -> int:
        return int(self.env["PORT"])

    @property
    def database_url(self) -> str:
        return self.env["DATABASE_URL"]

    def process_ids(self) -> dict[int, str]:
        """Return the processes that the launcher looks after: id to kind, such as `worker`."""
        lines = [line.split("\t") for line in self.home.processes.read_text().splitlines()]
        return {int(line[0]): line[2].partition(".")[0] for line in lines}

    def output_of(self, *command: str) -> str:
        """Return what an operators' command prints; raises LocalError with its errors."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=dict(self.env),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise LocalError(f"'{' '.join(command)}' failed:\n  {done.stderr.strip()[-1500:]}")
        return done.stdout


@contextmanager
def running_stack(
    root: Path, parent: Path, chosen: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Start a whole stack in a new folder below `parent`, and take it down with all it wrote.

    `chosen` are further settings of it.
    """
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    ports = {name: str(keep_or_pick(None)) for name in ("PORT", "LIVE_PORT", "FLOWER_PORT")}
    given = without_stores(os.environ) | RAISED | ports | {"HOST": LOOPBACK}
    given |= {"LAUREL_HOME": str(folder), **(chosen or {})}
    try:
        with (folder / "said.txt").open("w") as said:
            launcher = subprocess.Popen(
                [sys.executable, "-m", "local", str(root), "serve"],
                cwd=root,
                env=given,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=tie_to_parent(signal.SIGTERM),
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
            said = (folder / "said.txt").read_text(errors="replace").strip()
            raise LocalError(f"the stack of the bench did not start; it said:\n{said[-2000:]}")
        time.sleep(0.25)


def _stop(launcher: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C; whoever lets it be pressed too often or too long is ended by its guardian."""
    if launcher.poll() is None:
        launcher.send_signal(signal.SIGINT)
    try:
        launcher.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        launcher.kill()
        launcher.wait()


def _sweep(parent: Path) -> None:
    """Remove the folders of runs that were killed; their processes ended with them."""
    for folder in parent.glob(PREFIX + "*"):
        with suppress(OSError):
            found = folder.stat()
            is_young = time.time() - found.st_mtime < YOUNG_SECONDS
            if found.st_uid == os.geteuid() and not is_young and not is_running(Home(folder)):
                shutil.rmtree(folder, ignore_errors=True)


def write_players(stack: Stack, count: int) -> Path:
    """Write user id and token of so many new players, and of one game server as the last line.

    The operators' command makes them: it signs with the home's JWT_SECRET and stores nothing.
    """
    issue = ("flask", "--app", "wsgi", "tokens", "issue", "--json")
    made = stack.output_of(*issue, "--count", str(count), "--username", "bench")
    made += stack.output_of(*issue, "--role", "service")
    path = stack.home.secrets / "players.tsv"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        for line in made.splitlines():
            row = json.loads(line)
            file.write(f"{row['userId']}\t{row['token']}\n")
    return path


def rest() -> None:
    """Let the processes finish what they do after their start, before memory at rest is read."""
    time.sleep(REST_SECONDS)
