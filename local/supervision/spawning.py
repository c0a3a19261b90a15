"""Starts a process in a new session that ends with its parent; used by `processes`, `stores`."""

import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.supervision.parent_death import die_with_parent
from local.supervision.system_user import Account


@dataclass(frozen=True)
class Launch:
    """How to start a process, any number of times, and how to stop it."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    stop_signal: signal.Signals = signal.SIGTERM
    account: Account | None = None
    inherited: tuple[int, ...] = ()
    stdin: Path | None = None


def spawn(
    launch: Launch, output: int | IO[bytes], errors: int | IO[bytes] = subprocess.STDOUT
) -> subprocess.Popen[bytes]:
    """Start the process; its standard error goes to `output` unless `errors` is given."""
    account = launch.account
    with (launch.stdin or Path("/dev/null")).open("rb") as stdin:
        return subprocess.Popen(
            launch.argv,
            env=dict(launch.env),
            cwd=launch.cwd,
            stdin=stdin,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            pass_fds=launch.inherited,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            preexec_fn=die_with_parent(launch.stop_signal),
        )
