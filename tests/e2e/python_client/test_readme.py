"""The examples of the Python client's README, run as they are written."""

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.stack import Stack

FOLDER = Path(__file__).parents[3] / "clients" / "python"
EXAMPLES = re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
SECONDS = 60


@pytest.mark.parametrize("example", EXAMPLES, ids=["threads", "asyncio"])
def test_an_example_runs(stack: Stack, example: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", example, f"http://127.0.0.1:{stack.port}", uuid4().hex[:8]],
        env=os.environ | {"PYTHONPATH": str(FOLDER / "src")},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
