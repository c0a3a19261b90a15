"""`run.py fmt`: fix and format the code with ruff."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def main(root: Path, arguments: Sequence[str]) -> int:
    """Fix, then format; return a non-zero exit code when ruff could not fix everything."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    where = list(arguments) or ["."]
    fixed = subprocess.run([ruff, "check", "--fix", *where], cwd=root, check=False)
    formatted = subprocess.run([ruff, "format", *where], cwd=root, check=False)
    return fixed.returncode or formatted.returncode
