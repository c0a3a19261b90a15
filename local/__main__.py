"""`python -m local ROOT COMMAND [ARGUMENTS]` inside `.venv`; started by `bootstrap`."""

import errno
import importlib
import os
import sys
from pathlib import Path

from local.commands import find_command
from local.env_file import ignore_env_file, load_env_file
from local.errors import LocalError

# What the machine refuses, and no defect of ours: one line, without a traceback.
ENVIRONMENTAL = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    *(errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM),
)


def main(root: str, name: str, *arguments: str) -> int:
    """Run the command called `name` and return its exit code.

    The `.env` file of the root folder is read first, for the commands that work on the user's
    system. The others must not touch the user's data and tell their children not to read it.
    """
    command = find_command(name)
    if command is None:
        print(f"run.py: there is no command '{name}'.", file=sys.stderr)
        return 2
    folder = Path(root).resolve()
    try:
        if command.reads_env_file:
            load_env_file(folder, os.environ)
        else:
            ignore_env_file(os.environ)
        outcome: int = importlib.import_module(command.module).main(folder, list(arguments))
    except LocalError as problem:
        print(f"run.py {name}: {problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        if problem.errno not in ENVIRONMENTAL:
            raise
        print(f"run.py {name}: {problem.strerror}: {problem.filename or folder}", file=sys.stderr)
        return 1
    return outcome


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
