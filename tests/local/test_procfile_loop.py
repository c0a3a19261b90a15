"""The recipe of docs/operations.md for runners that end everything when one process ends."""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from local.supervision.procfile import read_procfile
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"


def make_loops(folder: Path, procfile: str) -> dict[str, str]:
    """Return the lines that the documented command makes of a Procfile."""
    (folder / "Procfile").write_text(procfile)
    (command,) = re.findall(r"^sed -E .* Procfile > Procfile\.loop$", OPERATIONS.read_text(), re.M)
    subprocess.run(["sh", "-c", command], cwd=folder, check=True)
    return dict(read_procfile(folder / "Procfile.loop"))


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """A file in which each start leaves a line."""
    path = tmp_path / "started"
    path.touch()
    return path


def test_every_line_of_the_procfile_gets_its_loop(tmp_path: Path) -> None:
    lines = dict(read_procfile(ROOT / "Procfile"))
    loops = make_loops(tmp_path, (ROOT / "Procfile").read_text())
    assert loops.keys() == lines.keys()
    for name, line in lines.items():
        assert loops[name].startswith(f"while :; do {line}; ")
        subprocess.run(["sh", "-n", "-c", loops[name]], check=True)


@pytest.mark.parametrize("code", [0, 1, 137])
def test_what_ends_is_started_again_until_the_runner_stops_it(
    tmp_path: Path, started: Path, code: int
) -> None:
    loop = make_loops(tmp_path, f"worker: echo >> {started}; (exit {code})\n")["worker"]
    process = subprocess.Popen(["sh", "-c", loop], start_new_session=True)
    try:
        wait_until(lambda: started.read_text().count("\n") >= 2)
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(10) != 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_wrong_settings_end_the_loop(tmp_path: Path, started: Path) -> None:
    loop = make_loops(tmp_path, f"worker: echo >> {started}; (exit 3)\n")["worker"]
    assert subprocess.run(["sh", "-c", loop], timeout=20, check=False).returncode == 3
    assert started.read_text().count("\n") == 1
