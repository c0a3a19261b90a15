"""`run.py verify`: checks what must always be true of the running system; the work is in `wsgi`."""

from collections.abc import Sequence
from pathlib import Path

from local.running import run_in

USAGE = """usage: python3 run.py verify [--wait SECONDS] [--read-archives] [--json]

Check what must always be true of the running system, and name what is broken.

  --wait SECONDS   wait at most so long for actions on their way (20)
  --read-archives  read every archive whole, not only its size
  --json           one JSON object instead of lines

Exit code: 0 all holds, 1 something is broken, 2 it could not be checked."""


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run the operators' command on the running system and return its exit code."""
    if {"-h", "--help"} & set(arguments):
        print(USAGE)
        return 0
    return run_in(root, ["flask", "--app", "wsgi", "verify", *arguments])
