"""The running product under the rig: `run.py serve` on the rig's stores, its processes by name."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from faults.stores import Stores
from local.errors import LocalError
from rig.processes import PROC
from rig.stack import Stack, running_stack

# Not looked at here, and each would take its share of two cores.
LEFT_OUT = ("flower:",)
SETTINGS = {"API_WORKERS": "2", "WORKERS": "2"}
NOT_LINKED = ("Procfile", "__pycache__")


class System:
    """Names and ids of what runs; whatever is killed here is started again by the launcher."""

    def __init__(self, stack: Stack):
        self.stack = stack

    def pid_of(self, name: str) -> int | None:
        """Return the id of a process of the Procfile, None while it is away."""
        for line in self.stack.home.processes.read_text().splitlines():
            pid, _, known = line.split("\t")
            if known == name:
                return int(pid)
        return None

    def send(self, name: str, number: signal.Signals) -> bool:
        """Signal a process by its recorded id; False while it is away."""
        pid = self.pid_of(name)
        return pid is not None and _signal(pid, number)

    def api_workers(self) -> list[int]:
        """Return the ids of the processes of the API that answer requests."""
        pid = self.pid_of("api")
        return [] if pid is None else _children(pid)

    def kill(self, pid: int) -> bool:
        """Kill one process; False when it is gone already."""
        return _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def _children(parent: int) -> list[int]:
    found = []
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(folder.name))
    return sorted(found)


@contextmanager
def running_system(
    root: Path, folder: Path, stores: Stores, *, replaced: Mapping[str, str], env: Mapping[str, str]
) -> Iterator[System]:
    """Run the product in a new home below `folder`, with commands of the Procfile replaced."""
    checkout = folder / "checkout"
    checkout.mkdir(exist_ok=True)
    _link(root, checkout)
    (checkout / "Procfile").write_text(_procfile(root / "Procfile", replaced))
    urls = {"DATABASE_URL": stores.postgres_proxy.url, "REDIS_URL": stores.valkey_proxy.url}
    with running_stack(checkout, folder, {**SETTINGS, **urls, **env}) as stack:
        yield System(stack)


def _link(root: Path, checkout: Path) -> None:
    """Give the launcher a checkout that differs from the real one in its Procfile only."""
    for entry in root.iterdir():
        link = checkout / entry.name
        if not entry.name.startswith(".") and entry.name not in NOT_LINKED and not link.exists():
            link.symlink_to(entry)


def _procfile(path: Path, replaced: Mapping[str, str]) -> str:
    text = "".join(
        line for line in path.read_text().splitlines(True) if not line.startswith(LEFT_OUT)
    )
    for old, new in replaced.items():
        if old not in text:
            raise LocalError(f"the Procfile has no '{old}': the fault would not be tried.")
        text = text.replace(old, new)
    return text
