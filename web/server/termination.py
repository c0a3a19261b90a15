"""SIGTERM before a worker's event loop runs: it waits in the kernel, where it cannot be lost.

Until then a worker has its parent's handler, and then one whose calls the loop forgets that does
not run yet. The parent sends the signal once, and waits for its workers without end.
"""

import os
import signal

_SIGNALS = {signal.SIGTERM}


def hold_in_children() -> None:
    """Let every process that this one forks from now on keep SIGTERM waiting from its start."""
    os.register_at_fork(before=_hold, after_in_parent=release)


def release() -> None:
    """Take SIGTERM from now on, one that waits at once; in a worker, when its loop runs."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _hold() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
