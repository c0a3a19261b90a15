"""Starts and stops the control's workers; called by `bench.setups`."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.supervision.parent_death import die_with_parent
from local.supervision.process_groups import signal_group
from rig.stack import Stack

STOP_SECONDS = 15.0


@contextmanager
def running_workers(root: Path, stack: Stack, count: int) -> Iterator[list[int]]:
    """Run `count` solo workers on the stack's stores; yield their process ids."""
    workers: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(1, count + 1):
            command = ["celery", "-A", "bench.control.app", "worker", "--pool", "solo"]
            command += ["--queues", "control", "--loglevel", "warning"]
            command += ["--without-gossip", "--without-mingle"]
            command += ["--hostname", f"control.{number}@%h"]
            with (stack.home.logs / f"control.{number}.log").open("wb") as log:
                worker = subprocess.Popen(
                    command,
                    cwd=root,
                    env=dict(stack.env),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=die_with_parent(signal.SIGTERM),
                )
            workers.append(worker)
        yield [worker.pid for worker in workers]
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            try:
                worker.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                signal_group(worker.pid, signal.SIGKILL)
                worker.wait()
