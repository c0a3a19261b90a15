"""How gunicorn serves the live process: one gevent worker, thousands of sockets.

Named by the Procfile. The master only reads the settings; all else is loaded in the worker, after
gevent has patched it.
"""

import resource
import signal
from typing import Any

import gevent
from gevent import monkey
from prometheus_client.multiprocess import mark_process_dead
from psycogreen.gevent import patch_psycopg

from domain.settings import settings_of_process
from workers.process.startup import exit_on_bad_settings

with exit_on_bad_settings():
    _settings = settings_of_process()

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host

bind = [f"{_host}:{_settings.live_port}"]
worker_class = "gevent"
# One hub serves every listener from one subscription; a second process would do all of it twice.
workers = 1
# Above the connection limit, so that a client over it is refused instead of left waiting.
worker_connections = _settings.max_sockets + 512
# A burst of new connections waits here; the system allows `net.core.somaxconn` (4096). A client
# without room tries again after 1, 3 and 7 s: of 3,000 at once, 971 did with a backlog of 2048.
backlog = 8192
keepalive = 5
graceful_timeout = 5
timeout = 30
loglevel = "warning"
accesslog = None
control_socket_disable = True
# A handshake is small; simple_websocket's own reader takes no more.
limit_request_field_size = 8190
limit_request_fields = 64


def on_starting(_server: Any) -> None:
    """Allow as many descriptors as the system does: each socket is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def post_fork(_server: Any, _worker: Any) -> None:
    """Make blocking calls switch greenlets, before the modules that make them are loaded."""
    monkey.patch_all()
    patch_psycopg()


def post_worker_init(worker: Any) -> None:
    """Start the service, and shut it down gracefully on the signals that stop the worker.

    gunicorn alone would wait `graceful_timeout` for open sockets and then cut them without a close
    frame.
    """
    # Not imported at the top: see the module's docstring.
    service = worker.wsgi.extensions["laurel-live"]
    service.start()

    def stop() -> None:
        service.shut_down()
        worker.alive = False

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        gevent.signal_handler(number, stop)


def child_exit(_server: Any, worker: Any) -> None:
    """Remove the gauges of a dead worker from the sums."""
    if _settings.prometheus_multiproc_dir:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # has no types
