"""Runs a short command while the supervisor keeps working, and returns what it printed."""

import signal
import tempfile
from pathlib import Path

from local.supervision.process_groups import signal_group
from local.supervision.spawning import Launch, spawn
from local.supervision.supervisor import Supervisor


def capture_output(
    supervisor: Supervisor, launch: Launch, errors: Path, seconds: float
) -> str | None:
    """Return the command's standard output; None when it failed or took too long.

    Its standard error is written to the file `errors`.
    """
    with tempfile.TemporaryFile() as output, errors.open("wb") as error_file:
        process = spawn(launch, output, error_file)
        try:
            in_time = supervisor.wait_until(lambda: process.poll() is not None, seconds)
        finally:
            if process.poll() is None:
                signal_group(process.pid, signal.SIGKILL)
                process.wait()
        if not in_time or process.returncode != 0:
            return None
        output.seek(0)
        return output.read().decode().strip() or None
