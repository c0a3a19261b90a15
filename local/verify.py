"""`run.py verify`: checks what must always be true of the running system; the work is in `wsgi`."""

from collections.abc import Sequence
from pathlib import Path

from local.running import run_in


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run the operators' command on the running system and return its exit code."""
    return run_in(root, ["flask", "--app", "wsgi", "verify", *arguments])
