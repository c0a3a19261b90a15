"""Creates `.venv` and runs the command with its interpreter; called by `run.py` only.

Standard library only. It replaces its own process (exec), so that signals reach the command and
its exit code is that of `run.py`.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from local.commands import DEFAULT, find_command, usage
from local.errors import LocalError
from local.install import venv

INTERRUPTED = 130


def main(root: str, arguments: Sequence[str]) -> int:
    """Create `.venv` where necessary and become the command; return an exit code on failure."""
    name, rest = _split(arguments)
    if name in ("-h", "--help", "help"):
        print(usage())
        return 0
    command = find_command(name)
    if command is None:
        print(f"run.py: there is no command '{name}'.\n\n{usage()}", file=sys.stderr)
        return 2
    try:
        python = venv.ensure(Path(root), dev=command.needs_dev, bench=command.needs_bench)
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


def _split(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command's name and its arguments; options without a name go to the default."""
    if not arguments:
        return DEFAULT, []
    first, *rest = arguments
    if first.startswith("-") and first not in ("-h", "--help"):
        return DEFAULT, list(arguments)
    return first, rest
