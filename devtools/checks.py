"""`run.py check`: run all checks of the code that are not tests, and print a line for each."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.locking import LOCKS, resolve
from local.environment import path_with_venv
from local.errors import LocalError
from local.terminal import paint, print_line


@dataclass(frozen=True)
class Check:
    """A check; its function returns what is wrong, or an empty string."""

    name: str
    find_fault: Callable[[Path], str]


PATHS = (".", "clients/python/src")
"""Where the packages are that are checked."""


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run all checks, or those that are named; return 1 when one failed."""
    parser = argparse.ArgumentParser(
        prog="python3 run.py check", description="Run all checks of the code that are not tests."
    )
    names = [check.name for check in CHECKS]
    parser.add_argument("name", nargs="*", help="run only these checks: " + ", ".join(names))
    wanted = parser.parse_args(arguments).name
    unknown = [name for name in wanted if name not in names]
    if unknown:
        parser.error(f"unknown check: {', '.join(unknown)}")
    chosen = [check for check in CHECKS if not wanted or check.name in wanted]
    passed = [_run(check, root) for check in chosen]
    return 0 if all(passed) else 1


def _run(check: Check, root: Path) -> bool:
    """Run one check, print its line and what is wrong; return whether it passed."""
    started_at = time.monotonic()
    try:
        fault = check.find_fault(root)
    except LocalError as problem:
        fault = str(problem)
    seconds = f"{time.monotonic() - started_at:5.1f} s"
    word = paint("failed", "red") if fault else paint("ok", "green")
    print_line(f"{check.name:<12} {seconds}  {word}")
    if fault:
        print_line("  " + "\n  ".join(fault.rstrip().splitlines()))
    return not fault


def _tool(*command: str) -> Callable[[Path], str]:
    """Return a check that runs a program of `.venv` and returns its output on failure."""

    def find_fault(root: Path) -> str:
        program = str(Path(sys.executable).with_name(command[0]))
        done = subprocess.run(
            [program, *command[1:]],
            cwd=root,
            env={
                **_environment(),
                "PYTHONPATH": os.pathsep.join(str(root / each) for each in PATHS),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return "" if done.returncode == 0 else done.stdout or f"exit code {done.returncode}"

    return find_fault


def _environment() -> dict[str, str]:
    return dict(os.environ) | {"PATH": path_with_venv(os.environ), "NO_COLOR": "1"}


def _lock_fault(root: Path) -> str:
    """Resolve again from the locked versions, so that only changes of the .in files matter."""
    stale = []
    with tempfile.TemporaryDirectory() as folder:
        for source, lock in LOCKS:
            again = Path(folder) / lock
            shutil.copy(root / lock, again)
            resolve(root, source, again)
            if again.read_bytes() != (root / lock).read_bytes():
                stale.append(f"{lock} is out of date with {source}: run 'python3 run.py lock'")
    return "\n".join(stale)


def _migration_fault(root: Path) -> str:
    """Compare models and migrations in a separate process, whose output is shown on failure."""
    return _tool("python", "-m", "devtools.compare_models", str(root))(root)


CHECKS = (
    Check("lint", _tool("ruff", "check", ".")),
    Check("format", _tool("ruff", "format", "--check", ".")),
    Check("types", _tool("mypy")),
    Check("imports", _tool("lint-imports")),
    Check("migrations", _migration_fault),
    Check("lock", _lock_fault),
)
