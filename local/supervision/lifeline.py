"""Keeps processes from outliving the launcher; used by `spawning`, `guardian` and `sweep`.

Linux signals a child when its parent dies (PR_SET_PDEATHSIG). Elsewhere only the guardian helps.
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
IS_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


def tie_to_parent(death_signal: int) -> Callable[[], None]:
    """Return what a child runs before exec, so that it gets `death_signal` when we die.

    The kernel speaks of the parent *thread*: start children from the main thread. Must run after
    a change of user, which clears the setting.
    """
    parent = os.getpid()

    def tie() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return tie


def identity(pid: int) -> str | None:
    """Return something that tells this process from a later one of the same id; None if gone."""
    if IS_LINUX:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        state, started_at_tick = fields[0], fields[19]
        return None if state == "Z" else started_at_tick
    said = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or None


def signal_group(leader: int, number: int) -> bool:
    """Signal a process group; return whether there was anything left in it."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        with suppress(OSError):
            os.kill(leader, number)
    return True
