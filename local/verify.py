"""`run.py verify`: runs `flask verify` with the environment of the running system."""

from collections.abc import Sequence
from pathlib import Path

from local.running import run_in

USAGE = """usage: python3 run.py verify [--wait SECONDS] [--read-archives] [--json]

Check the invariants of the running system and list what is broken.

  --wait SECONDS   wait at most this long for unfinished actions (default: 20)
  --read-archives  read the contents of every archive, not only its size
  --json           print one JSON object instead of lines

Exit code: 0 every invariant holds, 1 something is broken, 2 the check failed."""


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run the operator's command and return its exit code."""
    if {"-h", "--help"} & set(arguments):
        print(USAGE)
        return 0
    return run_in(root, ["flask", "--app", "wsgi", "verify", *arguments])
