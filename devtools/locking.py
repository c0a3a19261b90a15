"""`run.py lock`: resolve the requirements into lock files with hashes, for all platforms."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local.errors import LocalError

LOCKS = (
    ("requirements.in", "requirements.txt"),
    ("requirements-dev.in", "requirements-dev.txt"),
    ("requirements-bench.in", "requirements-bench.txt"),
)
SHOWN_LINES = 15


def main(root: Path, arguments: Sequence[str]) -> int:
    """Write the lock files; return 0. Raises LocalError when a resolution fails."""
    parser = argparse.ArgumentParser(
        prog="python3 run.py lock", description="Resolve the requirements into lock files."
    )
    parser.add_argument("--upgrade", action="store_true", help="use the newest allowed releases")
    options = parser.parse_args(arguments)
    for source, lock in LOCKS:
        resolve(root, source, root / lock, upgrade=options.upgrade)
        print(f"{lock} is up to date with {source}.")
    return 0


def resolve(root: Path, source: str, output: Path, *, upgrade: bool = False) -> None:
    """Write the lock file of `source` to `output`; keep the versions that it already has.

    The file contains no index address and no local path. Raises LocalError with uv's output.
    """
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", source, "--output-file", str(output), "--quiet"]
    command += ["--universal", "--generate-hashes", "--python-version", "3.11"]
    command += ["--no-emit-index-url", "--no-emit-find-links"]
    command += ["--custom-compile-command", "python3 run.py lock"]
    command += ["--upgrade"] if upgrade else []
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        messages = "\n  ".join((done.stderr + done.stdout).strip().splitlines()[-SHOWN_LINES:])
        raise LocalError(f"{source} could not be resolved. Is this machine online?\n  {messages}")
