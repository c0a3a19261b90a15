"""`run.py fmt`: lets ruff fix and format the code."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def main(root: Path, arguments: Sequence[str]) -> int:
    """Fix, then format; returns what ruff could not fix as its exit code."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    where = list(arguments) or ["."]
    fixed = subprocess.run([ruff, "check", "--fix", *where], cwd=root, check=False)
    formatted = subprocess.run([ruff, "format", *where], cwd=root, check=False)
    return fixed.returncode or formatted.returncode
