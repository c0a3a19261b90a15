"""The same fan-out by nginx's module nchan, where Debian's packages of both are installed."""

import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from bench.live.job import LiveJob, LiveReport
from bench.live.listening import finish, listening
from local.errors import LocalError
from local.ports import LOOPBACK, find_free_port
from rig.draining import wait_until
from rig.processes import cpu_seconds, spent_between

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
MISSING = "nchan: skipped, it is not installed (Debian: apt-get install nginx libnginx-mod-nchan)."
START_SECONDS = 10.0
NGINX = "nginx"
_CONF = Template("""
load_module $module;
daemon off;
master_process off;
pid $folder/nginx.pid;
error_log $folder/nginx.log;
worker_rlimit_nofile 65536;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  server {
    listen $host:$port;
    location = /publish { nchan_publisher; nchan_channel_id board; }
    location = /listen { nchan_subscriber websocket; nchan_channel_id board; }
  }
}
""")


@dataclass(frozen=True, kw_only=True)
class Nchan:
    """Listeners of nchan; frames as many a second, and as large, as the product's."""

    sockets: int
    seconds: float
    cpu_seconds: float
    listeners: LiveReport

    @property
    def frame_us(self) -> float:
        """Microseconds of nginx's CPU time for each frame that was received."""
        return self.cpu_seconds / max(self.listeners.frames, 1) * 1e6


def measure_nchan(
    folder: Path,
    root: Path,
    *,
    sockets: int,
    seconds: float,
    frame_bytes: int,
    frames_per_second: float,
) -> Nchan | str:
    """Publish frames of this size at this rate to nchan; return why not when it is not there.

    Its files are in a new folder below `folder`; `root` is the project's. Raises LocalError.
    """
    nginx = shutil.which(NGINX) or shutil.which(NGINX, path="/usr/sbin")
    if nginx is None or not MODULE.is_file():
        return MISSING
    with _running(nginx, folder) as (pid, port):
        roots = {pid: NGINX}
        job = LiveJob(port=port, path="/listen", sockets=sockets)
        with listening(root, os.environ, job) as child:
            cpu, started = cpu_seconds(roots), time.monotonic()
            _publish(port, frame_bytes, frames_per_second, seconds)
            used = spent_between(cpu, cpu_seconds(roots))[NGINX]
            lasted = time.monotonic() - started
            time.sleep(1.0)
            listeners = finish(child)
    return Nchan(sockets=sockets, seconds=lasted, cpu_seconds=used, listeners=listeners)


def _publish(port: int, frame_bytes: int, frames_per_second: float, seconds: float) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    started, number = time.monotonic(), 0
    while (now := time.monotonic()) - started < seconds:
        event = {"event": "leaderboard_changed", "changes": [], "number": number, "rest": ""}
        event["rest"] = "x" * max(frame_bytes - len(json.dumps(event)), 0)
        connection.request("POST", "/publish", json.dumps(event))
        connection.getresponse().read()
        number += 1
        time.sleep(max(started + number / frames_per_second - now, 0.0))
    connection.close()


@contextmanager
def _running(nginx: str, parent: Path) -> Iterator[tuple[int, int]]:
    """Run nginx in a folder of its own; yield its process id and port."""
    folder, port = parent / "nchan", find_free_port(None)
    folder.mkdir()
    conf = folder / "nginx.conf"
    conf.write_text(_CONF.substitute(module=MODULE, folder=folder, host=LOOPBACK, port=port))
    process = subprocess.Popen([nginx, "-p", str(folder), "-c", str(conf)])
    try:
        if wait_until(lambda: _answers(port), timeout_seconds=START_SECONDS) is None:
            raise LocalError(f"nginx did not start: {(folder / 'nginx.log').read_text()[-500:]}")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True
