"""Throw-away stores for real: they answer, they are alone, and nothing of them stays."""

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
from local.stores.starting import throwaway_stores
with throwaway_stores(Path(sys.argv[1])) as stores:
    print(stores.database_url, stores.redis_url, flush=True)
    sys.stdin.read()
"""


class Owner:
    """A process that holds throw-away stores until it is told to go, and their addresses."""

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
        """The address of PostgreSQL."""
        return self.said.split()[0]

    @property
    def redis_url(self) -> str:
        """The address of Valkey."""
        return self.said.split()[1]

    def go(self) -> int:
        """End the process, if that has not happened, and return its exit code."""
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
    """Starts owners of stores, and ends them."""
    owners: list[Owner] = []

    def begin() -> Owner:
        owners.append(Owner(folder))
        return owners[-1]

    yield begin
    for owner in owners:
        owner.go()


def test_they_answer_to_their_addresses_and_are_gone_afterwards(
    start: Callable[[], Owner], folder: Path
) -> None:
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
    assert owner.go() == 0
    assert alive(running) == []
    assert list(folder.iterdir()) == []


def test_killed_they_die_with_their_owner_and_the_next_run_clears_up(
    start: Callable[[], Owner], folder: Path
) -> None:
    owner = start()
    running = descendants(owner.process.pid)
    assert len(running) > 4
    owner.process.send_signal(signal.SIGKILL)
    owner.go()
    wait_for(lambda: alive(running) == [], "the stores to end", lambda: str(alive(running)))
    (left,) = folder.iterdir()
    os.utime(left, (0, 0))
    assert start().go() == 0
    assert list(folder.iterdir()) == []


def test_without_the_password_nobody_gets_in(start: Callable[[], Owner]) -> None:
    stranger = start().database_url.replace("postgres:", "postgres:x", 1)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(stranger)


def test_the_command_runs_pytest_on_them_and_returns_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "test_stub.py").write_text(
        "import os\n"
        "def test_addresses():\n"
        "    assert os.environ['LAUREL_TEST_DATABASE_URL'].startswith('postgresql://')\n"
        "    assert os.environ['LAUREL_TEST_REDIS_URL'].startswith('redis://')\n"
        "    assert 'DATABASE_URL' not in os.environ\n"
        "def test_fails(): assert False\n"
    )
    command = [sys.executable, "-m", "local", str(tmp_path), "test", "-p", "no:cacheprovider"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": "postgresql://mine"}
    outcomes = {
        words: subprocess.run(
            [*command, "-k", words], cwd=tmp_path, env=env, capture_output=True, check=False
        ).returncode
        for words in ("addresses", "fails", "nothing")
    }
    assert outcomes == {"addresses": 0, "fails": 1, "nothing": 5}
