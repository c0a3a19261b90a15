"""The folder that holds all that outlives a start: stores, secrets, logs, ports (LAUREL_HOME).

A lock on it makes sure that one launcher at a time works in it; the lock file says which.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.supervision.lifeline import identity

DEFAULT_NAME = ".laurel"
CLEARING_SECONDS = 15.0


@dataclass(frozen=True)
class Home:
    """Where things are. Only `open_home` makes folders."""

    folder: Path

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def valkey(self) -> Path:
        return self.folder / "valkey"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def remembered(self) -> Path:
        return self.folder / "remembered.json"

    @property
    def sockets(self) -> Path:
        return self.folder / "sockets"

    @property
    def processes(self) -> Path:
        return self.folder / "processes"


def home_path(root: Path, env: Mapping[str, str]) -> Home:
    """Return the home that LAUREL_HOME names, or `.laurel` in the project."""
    chosen = env.get("LAUREL_HOME")
    folder = Path(chosen).expanduser() if chosen else root / DEFAULT_NAME
    return Home(folder if folder.is_absolute() else root / folder)


def open_home(home: Home) -> None:
    """Make the folders that are missing; LocalError when the home is another user's."""
    try:
        home.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        owner = home.folder.stat().st_uid
        if owner == os.geteuid():
            for folder in (home.secrets, home.logs, home.metrics):
                folder.mkdir(mode=0o700, exist_ok=True)
            (home.folder / ".gitignore").write_text("*\n")
            return
    except OSError as error:
        raise LocalError(
            f"{home.folder} cannot be used: {error}. Set LAUREL_HOME to a folder that can."
        ) from error
    raise LocalError(
        f"{home.folder} belongs to user id {owner}, and you are {os.geteuid()}."
        " Run as that user, or set LAUREL_HOME to a folder of your own."
    )


def empty_metrics(home: Home) -> None:
    """Remove what processes of the last start counted: their numbers would be added to ours."""
    shutil.rmtree(home.metrics, ignore_errors=True)
    home.metrics.mkdir(mode=0o700)


@contextmanager
def only_launcher(home: Home, address: str) -> Iterator[int]:
    """Hold the home and yield the lock's descriptor; LocalError names another holder."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, home)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "address": address}).encode(), 0)
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(descriptor: int, home: Home) -> None:
    """Lock the home; while the guardian of a killed launcher still holds it, wait for its work."""
    deadline = time.monotonic() + CLEARING_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            holder = _holder(home)
            pid = holder.get("pid")
            is_dead = isinstance(pid, int) and identity(pid) is None
            if is_dead and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise _taken(home, holder) from error


def _taken(home: Home, holder: Mapping[str, object]) -> LocalError:
    return LocalError(
        f"Laurel already runs on {home.folder}: process {holder.get('pid', 'unknown')}, at"
        f" {holder.get('address', 'an address not yet known')}. Stop it with Ctrl-C there, or"
        " start another one with its own LAUREL_HOME, PORT, LIVE_PORT and FLOWER_PORT."
    )


def _holder(home: Home) -> dict[str, object]:
    try:
        return dict(json.loads(home.lock.read_text()))
    except (OSError, ValueError):
        return {}


def is_running(home: Home) -> bool:
    """Return whether a launcher holds this home now."""
    try:
        with home.lock.open("rb") as probe:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def recall(home: Home) -> dict[str, int]:
    """Return the ports of the last start, by name."""
    try:
        kept = json.loads(home.remembered.read_text())
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in kept.items() if isinstance(port, int)}


def remember(home: Home, ports: Mapping[str, int]) -> None:
    """Keep the ports of this start, for the next one and for `verify` and `demo`."""
    part = home.remembered.with_suffix(".part")
    part.write_text(json.dumps(dict(ports)))
    part.replace(home.remembered)
