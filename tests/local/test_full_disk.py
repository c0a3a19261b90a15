"""A full disk: bookkeeping and logs may fail, the launcher and its processes go on."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.home import Home, make_metrics_folder, open_home, remove_metrics_folder
from local.supervision.logs import KEPT_FILES, RotatingLog
from local.supervision.orphans import ProcessRecord
from tests.local.project import ROOT, Project, wait_for

# In a process of its own: the supervisor takes its signals.
RESTART = """
import os, sys, time
from pathlib import Path
from local.supervision.orphans import ProcessRecord
from local.supervision.spawning import Launch
from local.supervision.supervisor import Supervisor
from local.supervision.watchdog import Watchdog

folder = Path(sys.argv[1])
program = folder / "program"
program.write_text("#!/bin/sh\\nexec sleep 60\\n")
program.chmod(0o700)
watchdog = Watchdog(os.open(folder, os.O_RDONLY))
record = ProcessRecord(folder / "missing" / "processes")
supervisor = Supervisor(logs=folder, watchdog=watchdog, record=record, verbose=False)
launch = Launch(name="one", argv=(str(program),), env=os.environ, cwd=folder)
process = supervisor.add(launch, tier=5)
first = process.pid
program.rename(folder / "away")
process.kill()
supervisor.wait_until(lambda: process.pid is None, 5)
supervisor.wait_until(lambda: False, 2)
assert process.pid is None
(folder / "away").rename(program)
assert supervisor.wait_until(lambda: process.pid not in (None, first), 10)
supervisor.stop_all({5: 5.0})
watchdog.close()
"""


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow: EFBIG, which is handled as ENOSPC is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def read_names(path: Path) -> list[str]:
    return [line.split("\t")[2] for line in path.read_text().splitlines()]


def test_the_list_of_processes_is_kept_and_written_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "processes"
    record = ProcessRecord(path)
    record.add(1, "api")
    with full_disk():
        record.add(2, "worker.1")
        record.remove(1)
        record.retry()
    assert read_names(path) == ["api"]
    record.retry()
    assert read_names(path) == ["worker.1"]


def test_a_log_loses_lines_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    log = RotatingLog(path)
    log.write(b"first\n")
    with full_disk():
        log.write(b"lost\n")
    log.write(b"last\n")
    assert path.read_bytes() == b"first\nlast\n"
    log.close()


def test_a_log_that_cannot_be_rotated_loses_none_of_its_older_files(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = RotatingLog(folder / "api.log", largest_bytes=10)
    for number in range(KEPT_FILES):
        log.write(b"older file %d\n" % number)
    # The new file cannot be made: its folder is another one's now.
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "api.log").unlink()
    (folder / "api.log").symlink_to(folder / "missing" / "api.log")
    for _ in range(5):
        log.write(b"more than ten bytes\n")
    now = {path.name: path.read_bytes() for path in folder.glob("api.log.*")}
    assert now == {name: text for name, text in kept.items() if name != "api.log"}
    (folder / "api.log").unlink()
    log.write(b"room again, and more\n")
    log.write(b"new\n")
    assert (folder / "api.log").read_bytes() == b"new\n"
    log.close()


def test_a_process_that_cannot_be_started_again_is_tried_later(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RESTART, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "trying again in" in done.stdout


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no file system in memory")
def test_metrics_are_in_memory_and_leave_nothing_behind(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    open_home(home)
    folder = make_metrics_folder(home)
    assert folder is not None
    (home.metrics / "counter_1.db").write_bytes(b"x")
    assert list(folder.iterdir()) == [folder / "counter_1.db"]
    again = make_metrics_folder(home)
    assert again is not None
    assert not folder.exists()
    assert list(home.metrics.iterdir()) == []
    remove_metrics_folder(home)
    assert not again.exists()
    assert not home.metrics.is_symlink()


def test_a_folder_of_metrics_from_an_older_version_is_replaced(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.metrics.mkdir()
    (home.metrics / "counter_1.db").write_bytes(b"x")
    make_metrics_folder(home)
    assert list(home.metrics.iterdir()) == []
    remove_metrics_folder(home)


@pytest.mark.slow
def test_the_launcher_s_list_comes_back_after_it_could_not_be_written(project: Project) -> None:
    project.start_until_up()
    # A folder in its place is what `replace` cannot overwrite, as a full disk could not.
    listed = project.home / "processes"
    before = project.processes()
    listed.unlink()
    listed.mkdir()
    subprocess.run(["kill", "-9", str(before["worker.1"])], check=True)
    wait_for(lambda: "worker.1 ended" in project.output(), "the end of the worker")
    assert project.launched[0].poll() is None
    listed.rmdir()
    wait_for(
        lambda: (
            listed.is_file()
            and project.processes().get("worker.1") not in (None, before["worker.1"])
        ),
        "the list of the running processes",
        project.output,
    )
