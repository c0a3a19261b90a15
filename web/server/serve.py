"""Starts granian for the API: `python -m web.server.serve`, the Procfile's line `api`.

granian's own command makes a socket in each worker, which takes the connections of its queue with
it when it ends; here all workers accept from one. The first process imports no more than this.
"""

import argparse
import multiprocessing
import os
import resource
import socket
import sys
from contextlib import suppress
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer
from prometheus_client import values

from web.server.listening import BACKLOG, open_listener
from web.server.termination import hold_in_children

TARGET = "wsgi:create_api"
# A connection without a request ends after this: a new one, and an idle one that is kept alive.
HEADER_SECONDS = 5.0
MAX_CONNECTIONS = 16_384
# Descriptors for everything but connections of clients.
OTHER_DESCRIPTORS = 512


class ApiServer(MPServer):
    """granian with a listening socket that exists before it."""

    def __init__(self, listener: socket.socket, **options: Any):
        super().__init__(**options)
        self._listener = listener

    def _init_shared_socket(self) -> None:
        """Let the workers accept from the listener, which they inherit."""
        # The arguments, which granian's stub leaves out: descriptor, is it a Unix socket, backlog.
        hold: Any = SocketHolder
        attributes: dict[str, Any] = {
            "_ssp": None,
            "_sso": None,
            "_sfd": self._listener.fileno(),
            "_shd": hold(self._listener.fileno(), False, BACKLOG),
        }
        vars(self).update(attributes)


def main() -> None:
    """Serve until SIGTERM; SIGHUP replaces the workers one after the other."""
    options = _read_options()
    try:
        listener = open_listener(options.host, options.port, fd=options.fd)
    except OSError as error:
        sys.exit(f"the API cannot listen on {options.host}:{options.port}: {error}")
    remember_process_id()
    # The workers inherit the socket, whatever the platform's default is.
    multiprocessing.set_start_method("fork")
    hold_in_children()
    ApiServer(
        listener,
        target=options.target,
        factory=True,
        address=options.host,
        port=options.port,
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        workers=options.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(HEADER_SECONDS * 1000)),
        websockets=False,
        backpressure=raise_connection_limit(),
        log_level=LogLevels.error,
        respawn_failed_workers=True,
    ).serve()


def remember_process_id() -> None:
    """Spare the metrics, which processes share as files, a system call for each count.

    They ask for the process's id each time, to notice that they were forked.
    """
    if values.ValueClass is values.MutexValue:
        return
    own = [os.getpid()]
    os.register_at_fork(after_in_child=lambda: own.__setitem__(0, os.getpid()))
    values.ValueClass = values.MultiProcessValue(  # type: ignore[no-untyped-call]  # untyped there
        lambda: own[0]
    )


def raise_connection_limit() -> int:
    """Allow as many descriptors as the system lets us; return the connections of one worker."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OTHER_DESCRIPTORS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    available = wanted if soft == resource.RLIM_INFINITY else min(soft, wanted)
    return max(available - OTHER_DESCRIPTORS, available // 2)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m web.server.serve", description=__doc__)
    parser.add_argument("--target", default=TARGET, help="the factory of what is served")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--fd", type=int, help="a listening socket that was handed over")
    return parser.parse_args()


if __name__ == "__main__":
    main()
