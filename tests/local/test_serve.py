"""`run.py serve` with real stores: processes start, die, are restarted and stop."""

import os
import re
import signal
import socket
import stat
import time
from pathlib import Path

import psycopg2

from tests.local.project import Project, alive, descendants, wait_for


def test_start_prints_the_addresses_and_stop_keeps_the_data(project: Project) -> None:
    launcher = project.start_until_up()
    said = project.output()
    assert "Starting PostgreSQL and Valkey ..." in said
    assert f"http://127.0.0.1:{project.ports['PORT']}/docs" in said
    assert re.search(r"^header\.demo\.[0-9a-f-]{36}$", said, re.MULTILINE)
    assert set(project.processes()) == {
        *("postgres", "valkey", "api", "worker.1", "worker.2", "keeper"),
    }
    before = project.kept()
    with_database(before["DATABASE_URL"], "CREATE TABLE keepsake AS SELECT 42 AS answer")

    running = descendants(launcher.pid)
    launcher.send_signal(signal.SIGINT)
    assert launcher.wait(20) == 0
    assert alive(running) == []

    project.start_until_up()
    after = project.kept()
    assert after == before
    assert with_database(after["DATABASE_URL"], "SELECT answer FROM keepsake") == 42
    tokens = re.findall(r"^header\.demo\.(\S+)$", project.output(), re.MULTILINE)
    assert len(set(tokens)) == 1
    actions = re.findall(r'"actionId":"([^"]+)"', project.output())
    assert len(set(actions)) == 2


def test_a_second_stop_request_does_not_wait_for_stuck_processes(project: Project) -> None:
    project.make_workers_stuck()
    launcher = project.start_until_up()
    running = descendants(launcher.pid)
    launcher.send_signal(signal.SIGTERM)
    wait_for(lambda: "Stopping" in project.output(), "the stop to begin")
    started_at = time.monotonic()
    launcher.send_signal(signal.SIGINT)
    assert launcher.wait(20) == 0
    assert time.monotonic() - started_at < 3
    assert alive(running) == []


def test_every_secret_is_readable_by_its_owner_alone(project: Project) -> None:
    project.start_until_up()
    secrets = list((project.home / "secrets").iterdir())
    assert {"jwt_secret", "database_password", "redis_password"} <= {path.name for path in secrets}
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    for pid in descendants(project.launched[0].pid):
        line = Path(f"/proc/{pid}/cmdline").read_text()
        assert not [path.name for path in secrets if path.read_text().strip() in line]


def test_a_killed_launcher_leaves_no_process_and_can_start_again(project: Project) -> None:
    project.make_workers_stuck()
    launcher = project.start_until_up()
    running = descendants(launcher.pid)
    assert len(running) > 10
    sockets = socket_folder(project)
    assert sockets.is_dir()
    launcher.kill()
    launcher.wait()
    project.start_until_up()
    assert alive(running) == []
    assert not sockets.exists()


def test_the_next_start_ends_what_survived_launcher_and_watchdog(project: Project) -> None:
    project.make_workers_stuck()
    launcher = project.start_until_up()
    running = descendants(launcher.pid)
    noted = project.processes()
    sockets = socket_folder(project)
    (watchdog,) = {pid for pid in running if parent(pid) == launcher.pid} - set(noted.values())
    for pid in (watchdog, launcher.pid):
        os.kill(pid, signal.SIGKILL)
    launcher.wait()
    tied = {pid: running[pid] for name, pid in noted.items() if not name.startswith("worker")}
    wait_for(
        lambda: alive(tied) == [],
        "the processes with a parent-death signal",
        lambda: str(alive(tied)),
    )
    stuck = {pid: running[pid] for name, pid in noted.items() if name.startswith("worker")}
    assert len(alive(stuck)) == 2
    project.start_until_up()
    assert alive(stuck) == []
    assert "worker.1 (process" in project.output()
    assert not sockets.exists()


def test_a_second_start_on_the_same_home_is_refused(project: Project) -> None:
    launcher = project.start_until_up()
    said = project.refused()
    assert f"process {launcher.pid}" in said
    assert f"http://127.0.0.1:{project.ports['PORT']}" in said
    assert launcher.poll() is None
    assert with_database(project.kept()["DATABASE_URL"], "SELECT 1") == 1


def test_a_busy_port_is_named_with_its_variable_before_anything_starts(project: Project) -> None:
    with socket.create_server(("127.0.0.1", project.ports["LIVE_PORT"])):
        said = project.refused()
    assert f"port {project.ports['LIVE_PORT']} is in use (set LIVE_PORT)" in said
    assert not (project.home / "postgres").exists()


def test_every_bad_setting_is_named_before_anything_starts(project: Project) -> None:
    said = project.refused(RATE_LIMIT_REQUESTS="abc", LOG_LEVEL="LOUD")
    assert "RATE_LIMIT_REQUESTS: Not a valid integer." in said
    assert "LOG_LEVEL" in said
    assert "Traceback" not in said
    assert not (project.home / "postgres").exists()


def test_processes_that_die_are_restarted(project: Project) -> None:
    project.start_until_up()
    before = project.processes()
    killed = ("worker.2", "postgres", "valkey")
    for name in killed:
        os.kill(before[name], signal.SIGKILL)

    def is_new(name: str) -> bool:
        return project.processes().get(name) not in (None, before[name])

    wait_for(lambda: all(map(is_new, killed)), "three new processes", project.output)
    assert "worker.2 ended (killed by SIGKILL); restarting in 0.5 s" in project.output()
    assert project.processes()["keeper"] == before["keeper"]

    def answers() -> bool:
        try:
            return with_database(project.kept()["DATABASE_URL"], "SELECT 1") == 1
        except psycopg2.OperationalError:
            return False

    wait_for(answers, "PostgreSQL to be back", project.output)


def test_a_failed_migration_prints_its_error_and_stops_the_stores(project: Project) -> None:
    (project.folder / "migrations" / "env.py").write_text("raise SystemExit('no such revision')")
    said = project.refused()
    assert "the database could not be migrated" in said
    assert "no such revision" in said
    assert project.processes() == {}


def test_existing_stores_are_used_and_none_is_started(project: Project) -> None:
    urls = {
        "DATABASE_URL": os.environ["LAUREL_TEST_DATABASE_URL"],
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    chosen = {**urls, "ARCHIVE_DIR": "/srv/archives"}
    project.start_until_up(**chosen, WORKERS="1")
    assert set(project.processes()) == {"api", "worker.1", "keeper"}
    assert {name: project.kept()[name] for name in chosen} == chosen, "commands get the same"
    assert "Starting PostgreSQL" not in project.output()
    assert "Valkey" not in project.output()


def test_variables_of_the_env_file_reach_launcher_and_processes(project: Project) -> None:
    lines = {
        "DATABASE_URL": os.environ["LAUREL_TEST_DATABASE_URL"],
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "WORKERS": "1",
        "ARCHIVE_DIR": "/srv/archives",
        "PORT": "1",  # the environment has another
    }
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    (project.folder / ".env").write_text(text)
    project.start_until_up()
    assert set(project.processes()) == {"api", "worker.1", "keeper"}
    kept = project.kept()
    assert kept["PORT"] == str(project.ports["PORT"])
    for name in ("DATABASE_URL", "REDIS_URL", "ARCHIVE_DIR"):
        assert kept[name] == lines[name]


def test_data_of_another_major_version_is_refused_and_not_touched(project: Project) -> None:
    data = project.home / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    said = project.refused()
    assert "written by PostgreSQL 12" in said
    assert "PG_BIN" in said
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def with_database(url: str, statement: str) -> object:
    """Run one statement and return the first value of its first row, if it has any."""
    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
    finally:
        connection.close()


def socket_folder(project: Project) -> Path:
    """Return the folder of the unix sockets."""
    folder = (project.home / "sockets").readlink()
    assert len(str(folder)) < 50
    return folder


def parent(pid: int) -> int:
    """Return the id of the parent of a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
