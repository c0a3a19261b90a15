"""The system under test: `run.py serve` on the stores of `faults.stores`, with its processes."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from faults.small_disk import SmallDisk
from faults.stores import Stores
from local.errors import LocalError
from rig.processes import children_of
from rig.stack import Stack, running_stack

# Not tested here, and it would use CPU time.
SKIPPED = ("flower:",)
SETTINGS = {"API_WORKERS": "2", "WORKERS": "2"}
NOT_LINKED = ("Procfile", "__pycache__")


class System:
    """The processes by name. The launcher starts again those that are killed here."""

    def __init__(self, stack: Stack, home_disk: SmallDisk | None = None):
        self.stack = stack
        self.home_disk = home_disk

    def pid_of(self, name: str) -> int | None:
        """Return the id of a process of the Procfile, or None while it is not running."""
        return self.stack.processes().get(name)

    def send(self, name: str, number: signal.Signals) -> bool:
        """Send a signal to a process; return False while it is not running."""
        pid = self.pid_of(name)
        return pid is not None and _signal(pid, number)

    def api_workers(self) -> list[int]:
        """Return the ids of the API's worker processes."""
        pid = self.pid_of("api")
        return [] if pid is None else children_of(pid)

    def kill(self, pid: int) -> bool:
        """Kill one process; return False when it has ended."""
        return _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


@contextmanager
def running_system(
    root: Path,
    folder: Path,
    stores: Stores,
    *,
    replaced: Mapping[str, str],
    env: Mapping[str, str],
    home_megabytes: int = 0,
) -> Iterator[System]:
    """Run the product with a new home below `folder`, and texts of its Procfile replaced.

    With `home_megabytes` the home is a file system of its own.
    """
    checkout = folder / "checkout"
    checkout.mkdir(exist_ok=True)
    _link(root, checkout)
    (checkout / "Procfile").write_text(_procfile(root / "Procfile", replaced))
    urls = {"DATABASE_URL": stores.postgres_proxy.url, "REDIS_URL": stores.valkey_proxy.url}
    settings = {**SETTINGS, **urls, **env}
    if not home_megabytes:
        with running_stack(checkout, folder, settings) as stack:
            yield System(stack)
        return
    disks: list[SmallDisk] = []

    def mount(home: Path) -> None:
        disks.append(SmallDisk(home, home_megabytes))

    try:
        with running_stack(checkout, folder, settings, prepare_home=mount) as stack:
            yield System(stack, disks[0])
    finally:
        for disk in disks:
            disk.unmount()


def _link(root: Path, checkout: Path) -> None:
    """Link everything but the Procfile into another checkout; hidden files are left out."""
    for entry in root.iterdir():
        link = checkout / entry.name
        if not entry.name.startswith(".") and entry.name not in NOT_LINKED and not link.exists():
            link.symlink_to(entry)


def _procfile(path: Path, replaced: Mapping[str, str]) -> str:
    text = "".join(
        line for line in path.read_text().splitlines(True) if not line.startswith(SKIPPED)
    )
    for old, new in replaced.items():
        if old not in text:
            raise LocalError(
                f"the Procfile does not contain '{old}': the fault could not be injected."
            )
        text = text.replace(old, new)
    return text
