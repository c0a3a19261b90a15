"""Starts and stops the server of `http_app`; called by `bench.setups`."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.errors import LocalError
from local.ports import LOOPBACK, find_free_port
from local.supervision.parent_death import die_with_parent
from local.supervision.process_groups import signal_group
from rig.draining import wait_until
from rig.stack import Stack

TARGET = "bench.floors.http_app:create"
READY_SECONDS = 30.0
STOP_SECONDS = 10.0


@contextmanager
def running_server(root: Path, stack: Stack) -> Iterator[tuple[int, int]]:
    """Serve with as many workers as the product's API; yield the process id and the port.

    Raises LocalError when it does not answer.
    """
    port = find_free_port(None)
    command = [sys.executable, "-m", "web.server.serve", "--target", TARGET]
    command += ["--port", str(port), "--workers", stack.env.get("API_WORKERS") or "1"]
    with (stack.home.logs / "floor_http.log").open("wb") as log:
        server = subprocess.Popen(
            command,
            cwd=root,
            env=dict(stack.env),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    try:
        if wait_until(lambda: _accepts(port), timeout_seconds=READY_SECONDS) is None:
            output = (stack.home.logs / "floor_http.log").read_text(errors="replace")
            raise LocalError(f"the server of floor_http did not start:\n{output[-1500:]}")
        yield server.pid, port
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            signal_group(server.pid, signal.SIGKILL)
            server.wait()


def _accepts(port: int) -> bool:
    """Return whether a worker answers: the socket listens before there is one."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1.0) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: floor\r\n\r\n")
        return bool(link.recv(1))
    return False
