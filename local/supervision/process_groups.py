"""Process groups: signal them, and recognise a process whose id may have been used again."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

IS_LINUX: bool = sys.platform == "linux"


def identity(pid: int) -> str | None:
    """Return the start time of a process, which tells it from a later one with the same id.

    The format depends on the system. Returns None when the process has ended.
    """
    if IS_LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        state, started_at_tick = fields[0], fields[19]
        return None if state == "Z" else started_at_tick
    done = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None


def signal_group(leader: int, number: int) -> bool:
    """Send a signal to a process group; return whether it had any process."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        with suppress(OSError):
            os.kill(leader, number)
    return True
