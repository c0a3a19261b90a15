"""The `.env` file sets what the environment does not, for the commands that may read it."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.commands import COMMANDS
from local.env_file import ignore_env_file, load_env_file
from local.environment import without_stores
from local.errors import LocalError
from local.home import home_path
from local.ports import public_ports
from local.supervision.procfile import worker_count
from tests.local.project import ROOT


def test_variables_of_the_launcher_are_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\nPORT=9000\nexport LIVE_PORT=9001\nWORKERS='3'\nLAUREL_HOME=/srv/laurel\n"
        "JWT_SECRET=\nBARE\n"
    )
    env = {"PORT": "7000"}
    load_env_file(tmp_path, env)
    assert public_ports(env) == {"PORT": 7000, "LIVE_PORT": 9001, "FLOWER_PORT": 5555}
    assert worker_count(env) == 3
    assert home_path(tmp_path, env).folder == Path("/srv/laurel")
    assert env["JWT_SECRET"] == ""
    assert "BARE" not in env


def test_the_file_may_be_missing(tmp_path: Path) -> None:
    env: dict[str, str] = {}
    load_env_file(tmp_path, env)
    assert env == {}


def test_a_file_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\n")
    with pytest.raises(LocalError, match=r"\.env: cannot be read"):
        load_env_file(tmp_path, {})


def test_nothing_below_a_command_that_ignores_it_reads_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\n")
    env: dict[str, str] = {}
    ignore_env_file(env)
    for inherited in (env, without_stores({})):
        load_env_file(tmp_path, inherited)
        assert "PORT" not in inherited


def test_only_the_commands_for_the_users_system_read_it() -> None:
    readers = {command.name for command in COMMANDS if command.reads_env_file}
    assert readers == {"serve", "status", "stop", "demo", "verify", "exec"}


def test_a_command_finds_the_system_that_the_file_names(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "DATABASE_URL=postgresql://from-the-file\nREDIS_URL=redis://from-the-file\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "local", str(tmp_path), "exec", "printenv", "DATABASE_URL"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "postgresql://from-the-file\n", done.stderr
