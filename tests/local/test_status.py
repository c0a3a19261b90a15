"""`run.py status` and `run.py stop`, and a start that is refused: one clear line each."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from local import ports
from local.commands import NOT_RUNNING
from local.errors import LocalError
from tests.local.project import ROOT, Project, alive, descendants, free_ports


def run(project: Project, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the project, as in a second terminal."""
    return subprocess.run(
        [sys.executable, "-m", "local", str(project.folder), command],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LAUREL_HOME": str(project.home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_runs_is_shown_and_stopped(project: Project) -> None:
    assert run(project, "status").returncode == NOT_RUNNING
    assert run(project, "stop").returncode == 0
    launcher = project.start_until_up()
    running = descendants(launcher.pid)
    shown = run(project, "status")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"process {launcher.pid}, at http://127.0.0.1:{project.ports['PORT']}" in shown.stdout
    for name, pid in project.processes().items():
        assert re.search(rf"^  {re.escape(name)} +{pid}$", shown.stdout, re.MULTILINE)
    assert shown.stdout.endswith("health: ok\n")

    os.kill(project.processes()["api"], signal.SIGSTOP)
    ill = run(project, "status")
    assert (ill.returncode, "health: unreachable" in ill.stdout) == (1, True)

    stopped = run(project, "stop")
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert stopped.stdout == f"Stopped. The data is kept in {project.home}\n"
    assert launcher.wait(10) == 0
    assert alive(running) == []
    assert run(project, "status").stdout == f"Laurel is not running on {project.home}.\n"


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2"])
def test_an_unreachable_database_is_one_line(project: Project, scheme: str) -> None:
    (port,) = free_ports(1)
    started = time.monotonic()
    said = project.refused(
        DATABASE_URL=f"{scheme}://laurel:hunter2@127.0.0.1:{port}/laurel",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert time.monotonic() - started < 20
    (line,) = said.splitlines()[:1]
    assert "DATABASE_URL leads to no PostgreSQL" in line
    assert "Connection refused" in line
    assert "Starting" not in said
    assert "Traceback" not in said
    assert "hunter2" not in said


def test_a_database_that_refuses_the_password_is_one_line(project: Project) -> None:
    url = urlsplit(os.environ["LAUREL_TEST_DATABASE_URL"])
    wrong = url._replace(netloc=f"nobody:wrong@{url.hostname}:{url.port}").geturl()
    said = project.refused(DATABASE_URL=wrong, REDIS_URL="redis://127.0.0.1:1/0")
    assert "password authentication failed" in said.splitlines()[0]
    assert "Traceback" not in said


def test_the_suggested_ports_are_free_and_belong_to_the_busy_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = {8000, 18000, 19000, 5555}
    monkeypatch.setattr(ports, "_is_busy", lambda _host, port: port in busy)
    wanted = {"PORT": 8000, "LIVE_PORT": 20000, "FLOWER_PORT": 5555}
    with pytest.raises(LocalError) as caught:
        ports.require_free("127.0.0.1", wanted)
    assert str(caught.value).endswith("Try: PORT=21000 FLOWER_PORT=15555 python3 run.py")


def test_a_port_without_a_higher_one_gets_any_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        suggestion = ports._suggest("127.0.0.1", {"PORT": port})
    assert suggestion.startswith("PORT=")
    assert suggestion != f"PORT={port}"
