"""Temporary stores: they answer, need a password, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from tests.local.project import ROOT, alive, descendants, wait_for

PROGRAM = """
import sys
from pathlib import Path
from local.stores.temporary import temporary_stores
with temporary_stores(Path(sys.argv[1])) as stores:
    print(stores.database_url, stores.redis_url, flush=True)
    sys.stdin.read()
"""


class Owner:
    """A process that runs temporary stores until its stdin is closed, and their URLs."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()

    @property
    def database_url(self) -> str:
        """The URL of PostgreSQL."""
        return self.said.split()[0]

    @property
    def redis_url(self) -> str:
        """The URL of Valkey."""
        return self.said.split()[1]

    def stop(self) -> int:
        """End the process if it is running, and return its exit code."""
        if self.process.returncode is None:
            self.process.communicate()
        return self.process.returncode


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path that every user can enter."""
    with tempfile.TemporaryDirectory(prefix="laurel-", dir="/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[], Owner]]:
    """A function that starts owners of stores, which are stopped at the end."""
    owners: list[Owner] = []

    def begin() -> Owner:
        owners.append(Owner(folder))
        return owners[-1]

    yield begin
    for owner in owners:
        owner.stop()


def test_they_answer_and_are_removed_afterwards(start: Callable[[], Owner], folder: Path) -> None:
    owner = start()
    running = descendants(owner.process.pid)
    connection = psycopg2.connect(owner.database_url)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('fsync'), rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("off", True)
    connection.close()
    assert owner.redis_url.startswith("redis://:")
    assert owner.stop() == 0
    assert alive(running) == []
    assert list(folder.iterdir()) == []


def test_they_end_with_a_killed_owner_and_the_next_run_cleans_up(
    start: Callable[[], Owner], folder: Path
) -> None:
    owner = start()
    running = descendants(owner.process.pid)
    assert len(running) > 4
    owner.process.send_signal(signal.SIGKILL)
    owner.stop()
    wait_for(lambda: alive(running) == [], "the stores to end", lambda: str(alive(running)))
    (left,) = folder.iterdir()
    os.utime(left, (0, 0))
    assert start().stop() == 0
    assert list(folder.iterdir()) == []


def test_a_wrong_password_is_rejected(start: Callable[[], Owner]) -> None:
    stranger = start().database_url.replace("postgres:", "postgres:x", 1)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(stranger)


def test_the_test_command_runs_pytest_on_them_without_the_users_settings(tmp_path: Path) -> None:
    (tmp_path / "test_stub.py").write_text(
        "import os\n"
        "def test_addresses():\n"
        "    assert os.environ['LAUREL_TEST_DATABASE_URL'].startswith('postgresql://')\n"
        "    assert os.environ['LAUREL_TEST_REDIS_URL'].startswith('redis://')\n"
        "    assert 'DATABASE_URL' not in os.environ\n"
        "    assert 'LAUREL_TEST_OF_ENV_FILE' not in os.environ\n"
        "    assert os.environ['LAUREL_ENV_FILE'] == ''\n"
        "def test_fails(): assert False\n"
    )
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://mine\nLAUREL_TEST_OF_ENV_FILE=1\n")
    command = [sys.executable, "-m", "local", str(tmp_path), "test", "-p", "no:cacheprovider"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": "postgresql://mine"}
    outcomes = {
        words: subprocess.run(
            [*command, "-k", words], cwd=tmp_path, env=env, capture_output=True, check=False
        ).returncode
        for words in ("addresses", "fails", "nothing")
    }
    assert outcomes == {"addresses": 0, "fails": 1, "nothing": 5}
