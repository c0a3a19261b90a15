"""`run.py stop`: stops the launcher of a home, and with it everything that it has started."""

import argparse
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from local.errors import LocalError
from local.home import home_path, is_running, read_holder

STOP_SECONDS = 60.0
DESCRIPTION = (
    "Stop the system that runs on LAUREL_HOME, as Ctrl-C does, and wait until it has ended."
    " Exit code: 0 nothing runs any more, 1 it could not be stopped."
)


def main(root: Path, arguments: Sequence[str]) -> int:
    """Stop the system; LocalError when it does not end within STOP_SECONDS."""
    argparse.ArgumentParser(prog="python3 run.py stop", description=DESCRIPTION).parse_args(
        arguments
    )
    home = home_path(root, os.environ)
    if not is_running(home):
        print(f"Laurel is not running on {home.folder}.")
        return 0
    pid = read_holder(home).get("pid")
    if not isinstance(pid, int):
        raise LocalError(f"{home.lock} does not say which process holds it. Try again.")
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass  # it was killed, and its watchdog is still cleaning up
    except PermissionError as error:
        raise LocalError(f"process {pid} belongs to another user.") from error
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(home):
        if time.monotonic() > deadline:
            raise LocalError(f"process {pid} has not ended after {STOP_SECONDS:.0f} s.")
        time.sleep(0.1)
    print(f"Stopped. The data is kept in {home.folder}")
    return 0
