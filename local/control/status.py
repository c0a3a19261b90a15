"""`run.py status`: whether the system of a home runs, and which of its processes."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from local.commands import NOT_RUNNING
from local.health import ask_health
from local.home import Home, home_path, is_running, read_holder
from local.running import running_environment
from local.supervision.orphans import list_running

DESCRIPTION = (
    "Say whether Laurel runs on LAUREL_HOME, which of its processes run, and what /health says."
    " Exit code: 0 it runs and is healthy, 1 it runs and is not (yet), 3 it does not run."
)


def main(root: Path, arguments: Sequence[str]) -> int:
    """Print the status and return the exit code."""
    argparse.ArgumentParser(prog="python3 run.py status", description=DESCRIPTION).parse_args(
        arguments
    )
    home = home_path(root, os.environ)
    if not is_running(home):
        print(f"Laurel is not running on {home.folder}.")
        return NOT_RUNNING
    _describe_processes(home)
    env = running_environment(root, os.environ)
    health = ask_health(env["HOST"], int(env["PORT"]))
    print(f"health: {health.status}")
    for part, details in health.wrong:
        print(f"  {part:<12} {details}")
    return 0 if health.is_ok else 1


def _describe_processes(home: Home) -> None:
    holder = read_holder(home)
    pid, address = (holder.get(name, "unknown") for name in ("pid", "address"))
    print(f"Laurel runs on {home.folder}: process {pid}, at {address}")
    for process, name in list_running(home.processes):
        print(f"  {name:<12} {process}")
