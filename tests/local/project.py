"""A small project to start: it has the form of Laurel and stubs for its processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.ports import find_free_port
from local.supervision.process_groups import identity

ROOT = Path(__file__).parents[2]
API = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"status": "ok", "database": {"ok": True, "ms": 1}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
WSGI = """
import click
from flask import Flask
def create_app():
    app = Flask("stub")
    @app.cli.group()
    def tokens(): pass
    @tokens.command()
    @click.option("--role")
    @click.option("--subject")
    @click.option("--username")
    def issue(role, subject, username): print(f"header.{username}.{subject}")
    return app
"""
PROCFILE = """
# like granian and gunicorn, the worker has a child process
api: python api.py --port ${PORT:-8000}
worker: sh -c 'sleep 1000 & sleep 1001'
keeper: sleep 1002
"""
STUCK_WORKER = """worker: sh -c 'trap "" TERM; sleep 1000 & sleep 1001'"""


class Project:
    """The folder of the project, its launchers, and their output."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.ports = dict(zip(("PORT", "LIVE_PORT", "FLOWER_PORT"), free_ports(3), strict=True))
        self.launched: list[subprocess.Popen[str]] = []
        (folder / "migrations" / "versions").mkdir(parents=True)
        (folder / "migrations" / "env.py").write_text("")
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (folder / "api.py").write_text(API)
        (folder / "wsgi.py").write_text(WSGI)
        (folder / "Procfile").write_text(PROCFILE)

    def start(self, **env: str) -> subprocess.Popen[str]:
        """Start the launcher in a new session, without waiting for anything."""
        own = {name: value for name, value in os.environ.items() if name not in _UNSET}
        own |= {name: str(port) for name, port in self.ports.items()}
        own |= {"PYTHONPATH": str(ROOT), "LAUREL_HOME": str(self.home), **env}
        with (self.folder / "output.txt").open("a") as output:
            launcher = subprocess.Popen(
                [sys.executable, "-m", "local", str(self.folder), "serve"],
                cwd=self.folder,
                env=own,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.launched.append(launcher)
        return launcher

    def start_until_up(self, **env: str) -> subprocess.Popen[str]:
        """Start the launcher and wait until it prints that Laurel is up."""
        seen = self.output().count("Laurel is up")
        launcher = self.start(**env)
        wait_for(
            lambda: self.output().count("Laurel is up") > seen or launcher.poll() is not None,
            "the launcher to be up",
            self.output,
        )
        assert launcher.poll() is None, self.output()
        return launcher

    def refused(self, **env: str) -> str:
        """Start the launcher, which must fail, and return its output."""
        before = len(self.output())
        launcher = self.start(**env)
        assert launcher.wait(30) == 1, self.output()
        return self.output()[before:]

    def output(self) -> str:
        """Return the output of all launchers so far."""
        path = self.folder / "output.txt"
        return path.read_text() if path.exists() else ""

    def kept(self) -> dict[str, Any]:
        """Return the environment of the processes of the last start."""
        kept: dict[str, Any] = json.loads((self.home / "secrets" / "environment.json").read_text())
        return kept

    def processes(self) -> dict[str, int]:
        """Return the ids of the running processes by name."""
        lines = (self.home / "processes").read_text().splitlines()
        return {line.split("\t")[2]: int(line.split("\t")[0]) for line in lines}

    def make_workers_stuck(self) -> None:
        """Make the workers and their children ignore SIGTERM."""
        procfile = self.folder / "Procfile"
        lines = procfile.read_text().splitlines()
        stuck = [STUCK_WORKER if line.startswith("worker:") else line for line in lines]
        procfile.write_text("\n".join(stuck) + "\n")

    def end(self) -> None:
        """Stop the launchers that are still running."""
        for launcher in self.launched:
            deadline = time.monotonic() + 20
            while launcher.poll() is None:
                over = time.monotonic() > deadline
                launcher.send_signal(signal.SIGKILL if over else signal.SIGTERM)
                time.sleep(0.3)


_UNSET = (
    "DATABASE_URL",
    "REDIS_URL",
    "JWT_SECRET",
    "WORKERS",
    "HOST",
    "PROMETHEUS_MULTIPROC_DIR",
    "LAUREL_ENV_FILE",
)


def free_ports(count: int) -> list[int]:
    """Return free ports of the loopback address."""
    return [find_free_port(None) for _ in range(count)]


def wait_for(
    done: Callable[[], bool], what: str, explain: Callable[[], str] = str, seconds: float = 40.0
) -> None:
    """Wait until `done` holds; fail with `what` was awaited after the time-out."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"time-out while waiting for {what}\n{explain()}"
        time.sleep(0.05)


def descendants(pid: int) -> dict[int, str]:
    """Return the ids and identities of all descendants of this process."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found: dict[int, str] = {}
    parents_found = {pid}
    while parents_found:
        parents_found = {child for child, parent in parents.items() if parent in parents_found}
        found |= {child: known for child in parents_found if (known := identity(child)) is not None}
    return found


def alive(known: dict[int, str]) -> list[str]:
    """Return those of these processes that are still running."""
    return [
        f"{pid} {_command(pid)}" for pid, known_as in known.items() if identity(pid) == known_as
    ]


def _command(pid: int) -> str:
    try:
        return re.sub(r"\0", " ", Path(f"/proc/{pid}/cmdline").read_text())[:120]
    except OSError:
        return ""
