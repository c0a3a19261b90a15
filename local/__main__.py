"""Inside `.venv`: `python -m local ROOT COMMAND [arguments]`; started by `bootstrap`."""

import importlib
import sys
from pathlib import Path

from local.commands import find_command
from local.errors import LocalError


def main(root: str, name: str, *arguments: str) -> int:
    """Run the command called `name` and return its exit code."""
    command = find_command(name)
    if command is None:
        print(f"run.py: there is no command '{name}'.", file=sys.stderr)
        return 2
    try:
        outcome: int = importlib.import_module(command.module).main(
            Path(root).resolve(), list(arguments)
        )
    except LocalError as problem:
        print(f"run.py {name}: {problem}", file=sys.stderr)
        return 1
    return outcome


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
