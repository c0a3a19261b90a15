"""The home, its secrets, the ports, and the environment of the processes."""

import os
import stat
from pathlib import Path

import pytest

from local import credentials
from local.environment import child_environment, without_stores
from local.errors import LocalError
from local.home import Home, home_path, open_home
from local.ports import public_ports


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "\u0661"])
def test_a_bad_port_is_named_with_its_variable(value: str) -> None:
    with pytest.raises(LocalError, match="LIVE_PORT="):
        public_ports({"LIVE_PORT": value})


def test_two_equal_ports_are_refused() -> None:
    with pytest.raises(LocalError, match="the same"):
        public_ports({"PORT": "9000", "LIVE_PORT": "9000"})


def test_secrets_are_created_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    first = credentials.secret(tmp_path, credentials.JWT)
    assert len(first) >= 64
    assert credentials.secret(tmp_path, credentials.JWT) == first
    assert credentials.secret(tmp_path, credentials.REDIS) != first
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_the_users_variables_win_and_defaults_fill_the_rest(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_home(home)
    made = child_environment(
        home,
        env={"LAUREL_ENV": "production", "PATH": "/bin", "JWT_SECRET": "mine", "HOST": ""},
        urls={"REDIS_URL": "redis://x"},
        ports={"PORT": 8000},
    )
    assert made["LAUREL_ENV"] == "production"
    assert made["JWT_SECRET"] == "mine"
    assert made["HOST"] == "127.0.0.1"
    assert made["PORT"] == "8000"
    assert made["REDIS_URL"] == "redis://x"
    assert made["PATH"].endswith(":/bin")
    assert not {"DATABASE_URL", "LAUREL_HOME"} & without_stores(made).keys()


def test_a_home_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    home = home_path(tmp_path, {"LAUREL_HOME": "given"})
    home.folder.mkdir()
    os.chown(home.folder, 12345, 12345)
    with pytest.raises(LocalError, match="belongs to user id 12345"):
        open_home(home)
    assert list(home.folder.iterdir()) == []
