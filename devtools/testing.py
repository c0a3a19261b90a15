"""`run.py test`: run the tests on temporary stores; the user's data is never used."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local.environment import without_stores
from local.stores.temporary import temporary_stores

DATABASE_VARIABLE = "LAUREL_TEST_DATABASE_URL"
REDIS_VARIABLE = "LAUREL_TEST_REDIS_URL"


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run pytest with these arguments and return its exit code."""
    with temporary_stores() as stores:
        env = without_stores(os.environ) | {
            DATABASE_VARIABLE: stores.database_url,
            REDIS_VARIABLE: stores.redis_url,
        }
        suite = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=root, env=env)
        return wait_through_interrupt(suite)


def wait_through_interrupt(child: subprocess.Popen[bytes]) -> int:
    """Wait for a child that receives Ctrl-C itself, so that the stores outlive it.

    SIGTERM is passed on to the child.
    """
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue
