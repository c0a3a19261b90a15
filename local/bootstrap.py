"""Creates `.venv` and runs the command with its interpreter; called by `run.py` only.

Standard library only. It replaces its own process (exec), so that signals reach the command and
its exit code is that of `run.py`.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from domain.version import read_version
from local.commands import DEFAULT, NOT_RUNNING, Command, find_command, usage
from local.errors import LocalError
from local.install import venv

INTERRUPTED = 130
HELP = ("-h", "--help")
WITHOUT_COMMAND = (*HELP, "-V", "--version")


def main(root: str, arguments: Sequence[str]) -> int:
    """Create `.venv` where necessary and become the command; return an exit code on failure."""
    name, rest = _split(arguments)
    if name in (*HELP, "help"):
        print(usage())
        return 0
    if name in ("-V", "--version"):
        print(f"Laurel {read_version()}")
        return 0
    command = find_command(name)
    if command is None:
        print(f"run.py: there is no command '{name}'.\n\n{usage()}", file=sys.stderr)
        return 2
    wants_help = bool(rest) and rest[0] in HELP
    try:
        python = _find_python(Path(root), command, wants_help=wants_help)
        if python is None:
            return _describe_missing(command, wants_help=wants_help)
    except LocalError as problem:
        print(f"run.py: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nrun.py: interrupted; the next start repairs .venv.", file=sys.stderr)
        return INTERRUPTED
    os.chdir(root)
    sys.stdout.flush()
    command_line = [str(python), "-m", "local", root, command.name, *rest]
    os.execve(python, command_line, os.environ)  # noqa: S606 - no shell is wanted
    raise AssertionError("unreachable")


def _find_python(root: Path, command: Command, *, wants_help: bool) -> Path | None:
    """Return the interpreter for a command, after installing what it needs.

    For help nothing is installed: None when a package that it needs is missing. Raises LocalError.
    """
    if wants_help:
        return venv.find_installed(root, dev=command.needs_dev)
    if not command.installs:
        return venv.find_any(root)
    return venv.ensure(root, dev=command.needs_dev, bench=command.needs_bench)


def _describe_missing(command: Command, *, wants_help: bool) -> int:
    """Say what can be said about a command before its packages are installed."""
    if not wants_help:
        print("Laurel is not running: nothing is installed in .venv. Start it: python3 run.py")
        return NOT_RUNNING if command.name == "status" else 0
    print(
        f"usage: python3 run.py {command.name} [arguments]\n\n{command.summary}\n\n"
        "Its arguments are shown once its packages are installed, by the first run of it."
    )
    return 0


def _split(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command's name and its arguments; options without a name go to the default."""
    if not arguments:
        return DEFAULT, []
    first, *rest = arguments
    if first.startswith("-") and first not in WITHOUT_COMMAND:
        return DEFAULT, list(arguments)
    return first, rest
