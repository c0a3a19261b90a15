"""The home (LAUREL_HOME): the folder of the stores, secrets, logs and ports, kept between starts.

A lock ensures that one launcher at a time uses it; the lock file names that launcher.
"""

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.supervision.process_groups import identity

DEFAULT_NAME = ".laurel"
CLEANUP_SECONDS = 15.0
MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it gets a random name


@dataclass(frozen=True)
class Home:
    """The paths in a home. Only `open_home` creates folders."""

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
    def ports(self) -> Path:
        return self.folder / "ports.json"

    @property
    def sockets(self) -> Path:
        return self.folder / "sockets"

    @property
    def processes(self) -> Path:
        return self.folder / "processes"


def home_path(root: Path, env: Mapping[str, str]) -> Home:
    """Return the home that LAUREL_HOME names, or `.laurel` in the root folder."""
    chosen = env.get("LAUREL_HOME")
    folder = Path(chosen).expanduser() if chosen else root / DEFAULT_NAME
    return Home(folder if folder.is_absolute() else root / folder)


def open_home(home: Home) -> None:
    """Create missing folders; raises LocalError when the home belongs to another user."""
    try:
        home.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        owner = home.folder.stat().st_uid
        if owner == os.geteuid():
            for folder in (home.secrets, home.logs):
                folder.mkdir(mode=0o700, exist_ok=True)
            (home.folder / ".gitignore").write_text("*\n")
            return
    except OSError as error:
        raise LocalError(
            f"{home.folder} cannot be used: {error}. Set LAUREL_HOME to another folder."
        ) from error
    raise LocalError(
        f"{home.folder} belongs to user id {owner}, and you are {os.geteuid()}."
        " Run as that user, or set LAUREL_HOME to a folder that belongs to you."
    )


def make_metrics_folder(home: Home) -> Path | None:
    """Make an empty folder for the metrics; return the one to remove at the end, if any.

    It is in memory where the system has such a file system, and a link in the home leads to it:
    processes map these files into their memory, and on a full disk the kernel ends a process that
    writes to such a page (SIGBUS).
    """
    remove_metrics_folder(home)
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        home.metrics.mkdir(mode=0o700)
        return None
    folder = Path(tempfile.mkdtemp(prefix="laurel-metrics-", dir=MEMORY))
    home.metrics.symlink_to(folder)
    return folder


def remove_metrics_folder(home: Home) -> None:
    """Remove the metrics of the last start, which would be added to those of the next one."""
    if home.metrics.is_symlink():
        shutil.rmtree(home.metrics.readlink(), ignore_errors=True)
        home.metrics.unlink()
    else:
        shutil.rmtree(home.metrics, ignore_errors=True)


@contextmanager
def locked_home(home: Home, address: str) -> Iterator[int]:
    """Lock the home and yield the lock's descriptor; LocalError when another launcher has it."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, home)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "address": address}).encode(), 0)
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, home: Home) -> None:
    """Lock the home; wait while the watchdog of a killed launcher still cleans up."""
    deadline = time.monotonic() + CLEANUP_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            holder = read_holder(home)
            pid = holder.get("pid")
            is_dead = isinstance(pid, int) and identity(pid) is None
            if is_dead and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise _locked_by(home, holder) from error


def _locked_by(home: Home, holder: Mapping[str, object]) -> LocalError:
    return LocalError(
        f"Laurel is already running on {home.folder}: process {holder.get('pid', 'unknown')}, at"
        f" {holder.get('address', 'an unknown address')}. Stop it with Ctrl-C, or"
        " start another one with a different LAUREL_HOME, PORT, LIVE_PORT and FLOWER_PORT."
    )


def read_holder(home: Home) -> dict[str, object]:
    """Return the process id and the address of the launcher; empty when it is not known."""
    try:
        return dict(json.loads(home.lock.read_text()))
    except (OSError, ValueError):
        return {}


def is_running(home: Home) -> bool:
    """Return whether a launcher has locked this home."""
    try:
        with home.lock.open("rb") as probe:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def read_ports(home: Home) -> dict[str, int]:
    """Return the stores' ports of the last start, by variable."""
    try:
        kept = json.loads(home.ports.read_text())
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in kept.items() if isinstance(port, int)}


def write_ports(home: Home, ports: Mapping[str, int]) -> None:
    """Store the ports of this start, so that the next one uses the same."""
    part = home.ports.with_suffix(".part")
    part.write_text(json.dumps(dict(ports)))
    part.replace(home.ports)
