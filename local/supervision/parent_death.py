"""The parent-death signal of Linux, which ends a child when its parent dies.

Elsewhere, only the watchdog process ends what a killed launcher leaves.
"""

import ctypes
import os
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(death_signal: int) -> Callable[[], None]:
    """Return a `preexec_fn` with which a child receives `death_signal` when its parent dies.

    The kernel means the parent *thread*: start children from the main thread. The function must
    run after a change of user, which clears the setting (prctl(2)).
    """
    parent = os.getpid()

    def request_signal() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return request_signal
